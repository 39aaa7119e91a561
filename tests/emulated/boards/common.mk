# What the boards' mpconfigboard.mk share; included at their end.
CFLAGS += -DMP_CONFIGFILE='"$(BOARD_DIR)/../mpconfig.h"'
MICROPY_VFS_LFS2 = 1
LDFLAGS += -Wl,--wrap=uart_init -Wl,--wrap=mp_hal_stdio_poll -Wl,--wrap=mp_init
vpath board.c $(BOARD_DIR)/..
SRC_C += board.c
SRC_QSTR += board.c
