# Cortex-M4 with a single-precision floating-point unit.
QEMU_MACHINE = mps2-an386
FLASH_ADDRESS = 0x21000000
MPY_ARCH = armv7emsp
CFLAGS += -mcpu=cortex-m4 -mfpu=fpv4-sp-d16 -mfloat-abi=hard -DMICROPY_HW_MCU_NAME='"Cortex-M4"'
include $(BOARD_DIR)/../mps2.mk
