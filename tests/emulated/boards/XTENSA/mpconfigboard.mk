# Xtensa with register windows, as ESP32, S2 and S3 have them, on QEMU's lx60 board without an MMU (core de212). The compiler is
# Debian's for ESP8266 (mk/xtensa.mk), whose libraries have another ABI: what a C library brings elsewhere is here.
QEMU_ARCH = xtensa
QEMU_MACHINE = lx60-nommu
CROSS_COMPILE = xtensa-lx106-elf-
CFLAGS += -mabi=windowed -mtext-section-literals -DQEMU_SOC_LX60 -DMICROPY_HW_MCU_NAME='"Xtensa"'
FLASH_ADDRESS = 0x60800000
LDSCRIPT = $(BOARD_DIR)/lx60.ld
LDFLAGS += -nostdlib
# Arithmetic of 64 bits is what the module brings (natmod/xtensa/runtime.S).
RUNTIME = $(BOARD_DIR)/../../../../natmod/xtensa
vpath %.S $(BOARD_DIR) $(RUNTIME)
vpath %.c $(BOARD_DIR)
SRC_BOARD_O += start.o multiply_high.o setjmp.o runtime.o lx60.o soft_float.o integers.o shared/runtime/gchelper_generic.o
MPY_CROSS_FLAGS += -march=xtensawin
include $(BOARD_DIR)/../common.mk
