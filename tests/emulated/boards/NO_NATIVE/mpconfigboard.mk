# Cortex-M3 whose firmware cannot load native code, as some small builds cannot: to see what users are told.
QEMU_MACHINE = mps2-an385
FLASH_ADDRESS = 0x21000000
MPY_ARCH = armv7m
CFLAGS += -mcpu=cortex-m3 -mfloat-abi=soft -DMICROPY_HW_MCU_NAME='"Cortex-M3"' -DFQT_NO_NATIVE
include $(BOARD_DIR)/../mps2.mk
