# MicroPython for the emulated boards of tests/emulated/boards, and what counts cycles on them.

BOARDS = CORTEX_M3 CORTEX_M4F CORTEX_M7F RV32 XTENSA NO_NATIVE
FIRMWARES = $(BOARDS:%=$(BUILD)/firmware/%/firmware.elf)
# The heap of the emulated boards: what an RP2040 or nRF52840 leaves to MicroPython.
HEAP_BYTES = 194560
# For networks that need more: what an STM32H7 or RP2350 leaves.
LARGE_HEAP_BYTES = 466944
LARGE_HEAP_FIRMWARES = $(patsubst %,$(BUILD)/firmware_large_heap/%/firmware.elf,CORTEX_M3 CORTEX_M4F CORTEX_M7F RV32 XTENSA)
# A board that mounts its file system at /flash; the others mount at /.
FLASH_FIRMWARE = $(BUILD)/flash/firmware/CORTEX_M3/firmware.elf

# fqt as a part of the firmware, on the desk and on a board that loads no native modules.
USERMOD_MICROPYTHON = $(BUILD)/usermod/unix/micropython
USERMOD_FIRMWARE = $(BUILD)/usermod/firmware/NO_NATIVE/firmware.elf
USERMOD_SOURCES = $(filter-out natmod/modfqt.c,$(MODULE_SOURCES)) $(wildcard natmod/usermod/* natmod/micropython.*)

CYCLE_MODEL = $(BUILD)/cyclemodel.so
# What tells the cost of a step on Cortex-M4.
COST_TOOLS = $(patsubst %,$(BUILD)/%/armv7emsp/fqt.mpy,natmod natmod_profile) \
    $(patsubst %,$(BUILD)/%/CORTEX_M4F/firmware.elf,firmware firmware_large_heap firmware_models) $(CYCLE_MODEL) $(BUILD)/emulator.done

# A heap that has room for all that people bring, as boards with external RAM have: where `make models ON=emulated:m4`
# trains, and `make bench` counts networks that need it.
MODEL_HEAP_BYTES = 2621440
MODEL_FIRMWARES = $(patsubst %,$(BUILD)/firmware_models/%/firmware.elf,CORTEX_M3 CORTEX_M4F CORTEX_M7F)
MODEL_BOARD = $(BUILD)/firmware_models/CORTEX_M4F/firmware.elf $(BUILD)/natmod/armv7emsp/fqt.mpy \
    $(BUILD)/natmod_all/armv7emsp/fqt.mpy $(BUILD)/emulator.done

# Where the board of the README's picture learns.
PICTURE_BOARD = $(BUILD)/firmware/CORTEX_M4F/firmware.elf $(BUILD)/natmod/armv7emsp/fqt.mpy $(BUILD)/emulator.done

DEBIAN_emulator = qemu-system-arm qemu-system-misc

$(BUILD)/emulator.done: mk/firmware.mk | $(BUILD)/debian.done
	@tools/step emulator "install by hand: $(DEBIAN_emulator)" tools/apt_install $(DEBIAN_emulator)
	@touch $@

$(BUILD)/toolchain-RV32.done: $(BUILD)/toolchain-rv32imc.done
	@touch $@

$(BUILD)/toolchain-NO_NATIVE.done: $(BUILD)/toolchain-armv7m.done
	@touch $@

$(BUILD)/toolchain-CORTEX_%.done: $(BUILD)/toolchain-armv7m.done
	@touch $@

FIRMWARE_SOURCES = tools/build_firmware $(wildcard tests/emulated/boards/*.* tests/emulated/boards/*/*) \
    natmod/xtensa/runtime.S $(MPY_CROSS) $(VENV)/.done
define BUILD_FIRMWARE # $(1): variant, $(2): heap, $(3): where the flash is mounted, $(4): folder with the same board's objects, $(5): option
@tools/step $(1)-$* "see the compiler's message above" tools/build_firmware $(5) $* $(2) $(3) \
    $(CURDIR)/$(MPY_SOURCE) $(CURDIR)/$(MPY_CROSS) $(CURDIR)/$(PYTHON) $(CURDIR)/$(dir $@) $(4)
endef
$(BUILD)/firmware/%/firmware.elf: $(FIRMWARE_SOURCES) $(BUILD)/toolchain-%.done
	$(call BUILD_FIRMWARE,firmware,$(HEAP_BYTES),/)

$(BUILD)/firmware_large_heap/%/firmware.elf: $(BUILD)/firmware/%/firmware.elf
	$(call BUILD_FIRMWARE,large-heap,$(LARGE_HEAP_BYTES),/,$(dir $<))

$(BUILD)/firmware_models/%/firmware.elf: $(BUILD)/firmware/%/firmware.elf
	$(call BUILD_FIRMWARE,model-heap,$(MODEL_HEAP_BYTES),/,$(dir $<))

$(BUILD)/flash/firmware/%/firmware.elf: $(BUILD)/firmware/%/firmware.elf
	$(call BUILD_FIRMWARE,flash,$(HEAP_BYTES),/flash,$(dir $<))

$(BUILD)/usermod/firmware/%/firmware.elf: $(FIRMWARE_SOURCES) $(USERMOD_SOURCES) $(BUILD)/toolchain-%.done
	$(call BUILD_FIRMWARE,firmware-with-fqt,$(HEAP_BYTES),/,,--with-fqt)

$(USERMOD_MICROPYTHON): $(USERMOD_SOURCES) $(MPY_CROSS)
	$(call BUILD_UNIX,micropython-unix-with-fqt,FROZEN_MANIFEST=$(CURDIR)/natmod/usermod/manifest.py \
	    MPY_LIB_DIR=$(CURDIR) USER_C_MODULES=$(CURDIR))

$(CYCLE_MODEL): $(wildcard tools/cyclemodel/*.[ch]) | $(BUILD)/debian.done
	@tools/step cyclemodel "a C compiler is needed" \
	    $(CC) -O2 -Wall -Wextra -Wno-unused-parameter -Werror -shared -fPIC -fvisibility=hidden -o $@ $(filter %.c,$^)
