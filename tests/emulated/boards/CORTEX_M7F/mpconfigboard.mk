# Cortex-M7 with a double-precision floating-point unit.
QEMU_MACHINE = mps2-an500
FLASH_ADDRESS = 0x60000000
MPY_ARCH = armv7emdp
CFLAGS += -mcpu=cortex-m7 -mfpu=fpv5-d16 -mfloat-abi=hard -DMICROPY_HW_MCU_NAME='"Cortex-M7"'
include $(BOARD_DIR)/../mps2.mk
