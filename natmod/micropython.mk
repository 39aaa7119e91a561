# fqt as a part of a firmware that is built with make:  make USER_C_MODULES=/path/to/fqt FROZEN_MANIFEST=...
# (docs/firmware.md)
FQT_USERMOD := $(USERMOD_DIR)/usermod

SRC_USERMOD_C += $(FQT_USERMOD)/fqt_usermod.c
