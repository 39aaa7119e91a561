# Arm's MPS2 boards, whose CPU flags, machine and MPY_ARCH were set before.
QEMU_ARCH = arm
CFLAGS += -mthumb -DQEMU_SOC_MPS2
LDSCRIPT = $(BOARD_DIR)/../mps2.ld
SRC_BOARD_O = shared/runtime/gchelper_native.o shared/runtime/gchelper_thumb2.o
MPY_CROSS_FLAGS += -march=$(MPY_ARCH)
include $(BOARD_DIR)/../common.mk
