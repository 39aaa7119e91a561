# RISC-V, 32 bits, on QEMU's virt machine.
QEMU_ARCH = riscv32
QEMU_MACHINE = virt
CFLAGS += -DQEMU_SOC_VIRT -DMICROPY_HW_MCU_NAME='"RV32"'
FLASH_ADDRESS = 0x84000000
LDSCRIPT = mcu/rv32/virt.ld
SRC_BOARD_O += shared/runtime/gchelper_native.o shared/runtime/gchelper_rv32i.o
MPY_CROSS_FLAGS += -march=rv32imc
include $(BOARD_DIR)/../common.mk
