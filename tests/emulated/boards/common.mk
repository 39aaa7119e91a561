# What the boards' mpconfigboard.mk share; included at their end.
# FLASH_ADDRESS is RAM that the firmware does not use otherwise: the emulated flash lies there and survives a soft reset.
CFLAGS += -DFQT_FLASH_ADDRESS=$(FLASH_ADDRESS)
# Where the flash is mounted.
FLASH_PLACE ?= /
CFLAGS += -DFQT_FLASH_PLACE='"$(FLASH_PLACE)"'
CFLAGS += -DMP_CONFIGFILE='"$(BOARD_DIR)/../mpconfig.h"'
MICROPY_VFS_LFS2 = 1
LDFLAGS += -Wl,--wrap=uart_init -Wl,--wrap=mp_hal_stdio_poll -Wl,--wrap=mp_hal_stdin_rx_chr -Wl,--wrap=mp_init
vpath board.c $(BOARD_DIR)/..
SRC_C += board.c
SRC_QSTR += board.c
