# Compilers for ESP32 (xtensawin): Espressif's where it is on the PATH, otherwise Debian's, which is for ESP8266: told to
# use register windows, and its assembler told the instructions of ESP32 (natmod/xtensa/binutils.c). The emulated board's
# firmware is always built by Debian's.

DEBIAN_xtensawin = gcc-xtensa-lx106 binutils-xtensa-lx106 picolibc-xtensa-lx106-elf
XTENSA_INSTRUCTIONS = $(BUILD)/xtensa/instructions.so
XTENSA_CROSS = $(if $(shell command -v xtensa-esp32-elf-gcc),xtensa-esp32-elf-,xtensa-lx106-elf-)

ifeq ($(XTENSA_CROSS),xtensa-lx106-elf-)
# Debian's disassembler needs the instructions too.
export XTENSA_GNU_CONFIG = $(CURDIR)/$(XTENSA_INSTRUCTIONS)

$(BUILD)/toolchain-xtensawin.done: $(BUILD)/toolchain-XTENSA.done
	@touch $@
else
$(BUILD)/%/XTENSA/firmware.elf: export XTENSA_GNU_CONFIG = $(CURDIR)/$(XTENSA_INSTRUCTIONS)

$(BUILD)/toolchain-xtensawin.done: mk/xtensa.mk
	@mkdir -p $(BUILD)
	@echo "== toolchain-xtensawin: $$(command -v xtensa-esp32-elf-gcc)"
	@touch $@
endif

$(BUILD)/toolchain-XTENSA.done: $(XTENSA_INSTRUCTIONS) mk/xtensa.mk
	@tools/step toolchain-xtensa "install by hand: $(DEBIAN_xtensawin); or put Espressif's xtensa-esp32-elf-gcc on the PATH" \
	    tools/apt_install $(DEBIAN_xtensawin)
	@touch $@

$(XTENSA_INSTRUCTIONS): natmod/xtensa/binutils.c natmod/xtensa/instructions.h | $(BUILD)/debian.done
	@mkdir -p $(dir $@)
	@tools/step xtensa-instructions "a C compiler is needed" \
	    $(CC) -std=c11 -O1 -Wall -Wextra -Werror -fPIC -shared -o $@ $<
