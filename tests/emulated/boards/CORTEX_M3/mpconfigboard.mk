# Cortex-M3; it runs code for Cortex-M0+ (armv6m) too.
QEMU_MACHINE = mps2-an385
FLASH_ADDRESS = 0x21000000
MPY_ARCH = armv7m
CFLAGS += -mcpu=cortex-m3 -mfloat-abi=soft -DMICROPY_HW_MCU_NAME='"Cortex-M3"'
include $(BOARD_DIR)/../mps2.mk
