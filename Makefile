# fqt: quantized training under MicroPython. `make help` lists the targets.
#
# Everything that is built lies under build/, made once and redone when its inputs change. MPY_DIR=... takes a MicroPython
# checkout that is already there (nothing is written to it).

ARCH ?= x64
JOBS ?= $(shell nproc)

BUILD = build
VENV = $(BUILD)/venv
PYTHON = $(VENV)/bin/python
MPY_SOURCE = $(BUILD)/micropython
MPY_CROSS = $(BUILD)/mpy-cross/mpy-cross
MICROPYTHON = $(BUILD)/unix/micropython
CORE_LIB = $(BUILD)/libfqt_core.so
# The core as other boards run it (natmod/core/base/fqt_target.h), and with its plain kernels: tests compare them.
BACKENDS = plain dsp armv6m
BACKEND_LIBS = $(BACKENDS:%=$(BUILD)/libfqt_%.so)
FUZZ_TOOLS = $(BUILD)/fuzz/exhaustive $(BUILD)/fuzz/model_file
MODULE = $(BUILD)/natmod/x64/fqt.mpy
ARCHITECTURES = x64 armv6m armv7m armv7emsp armv7emdp rv32imc
# xtensawin (ESP32) needs Espressif's compiler: it is built where ARCH= asks for it.
DIST_ARCHITECTURES = $(sort $(ARCHITECTURES) $(ARCH))
ifeq ($(filter $(ARCH),$(ARCHITECTURES) xtensawin),)
$(error ARCH=$(ARCH) is not built; these are: $(ARCHITECTURES) xtensawin)
endif
BOARDS = CORTEX_M3 CORTEX_M4F CORTEX_M7F RV32 NO_NATIVE
MODULES = $(ARCHITECTURES:%=$(BUILD)/natmod/%/fqt.mpy)
# With what a profiler needs, for the architectures that `fqt bench` counts on.
PROFILE_MODULES = $(patsubst %,$(BUILD)/natmod_profile/%/fqt.mpy,armv6m armv7m armv7emsp armv7emdp)
FIRMWARES = $(BOARDS:%=$(BUILD)/firmware/%/firmware.elf)
# The heap of the emulated boards: what an RP2040 or nRF52840 leaves to MicroPython.
HEAP_BYTES = 194560
# For networks that need more: what an STM32H7 or RP2350 leaves.
LARGE_HEAP_BYTES = 466944
# A board that mounts its file system at /flash; the others mount at /.
FLASH_FIRMWARE = $(BUILD)/flash/firmware/CORTEX_M3/firmware.elf
LARGE_HEAP_FIRMWARES = $(patsubst %,$(BUILD)/firmware_large_heap/%/firmware.elf,CORTEX_M3 CORTEX_M4F CORTEX_M7F)

CORE_SOURCES = $(wildcard natmod/core/*.[ch] natmod/core/*/*.[ch] natmod/core/*/*/*.[ch] natmod/host/*.[ch])
MODULE_SOURCES = $(wildcard natmod/*.c natmod/core/*.[ch] natmod/core/*/*.[ch] natmod/core/*/*/*.[ch] micropython_lib/*.py) natmod/Makefile \
    tools/append_messages.py
C_FILES = $(wildcard natmod/*.c natmod/core/*.[ch] natmod/core/*/*.[ch] natmod/core/*/*/*.[ch] natmod/host/*.[ch] tests/fuzz/*.c tools/*.c)

DEBIAN_BUILD = build-essential git python3 python3-venv python3-dev pkg-config dpkg-dev xz-utils
DEBIAN_fuzz = clang-14 libclang-rt-14-dev
DEBIAN_arm = gcc-arm-none-eabi libnewlib-arm-none-eabi
DEBIAN_emulator = qemu-system-arm qemu-system-misc
DEBIAN_rv32imc = gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf

# What tests and examples find the builds by.
export FQT_MICROPYTHON = $(CURDIR)/$(MICROPYTHON)
export FQT_MPY_PATH = $(CURDIR)/$(dir $(MODULE))
export FQT_CORE_LIB = $(CURDIR)/$(CORE_LIB)
export FQT_BUILD = $(CURDIR)/$(BUILD)
export FQT_FUZZ_PATH = $(CURDIR)/$(BUILD)/fuzz

.DELETE_ON_ERROR:
.PHONY: help setup demo test test-quick lint format natmod dist firmware bench sweep pytorch accuracy core info requirements clean distclean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(VENV)/.done $(MICROPYTHON) $(MODULE) $(CORE_LIB) ## all that demo and test need (they call it themselves)

demo: setup ## a CNN that meets rotated images, trained under MicroPython; writes build/demo.png
	@$(PYTHON) examples/rotated_digits/demo.py

test: setup $(BACKEND_LIBS) $(FUZZ_TOOLS) $(MODULES) $(PROFILE_MODULES) firmware $(BUILD)/cyclemodel.so dist lint ## all tests, those on emulated boards too
	@$(PYTHON) -m pytest -n $(JOBS)

test-quick: setup $(BACKEND_LIBS) lint ## the tests for daily work: under a minute
	@$(PYTHON) -m pytest -n $(JOBS) -m "not slow"

lint: $(VENV)/.done ## check the format and style of Python and C
	@$(VENV)/bin/ruff check --quiet
	@$(VENV)/bin/ruff format --check --quiet
	@$(VENV)/bin/clang-format --dry-run --Werror $(C_FILES)

format: $(VENV)/.done ## bring Python and C into the project's format
	@$(VENV)/bin/ruff check --quiet --fix
	@$(VENV)/bin/ruff format --quiet
	@$(VENV)/bin/clang-format -i $(C_FILES)

natmod: $(BUILD)/natmod/$(ARCH)/fqt.mpy ## the native module for ARCH= x64 armv6m armv7m armv7emsp armv7emdp rv32imc xtensawin
	@ls -l $<

dist: $(DIST_ARCHITECTURES:%=$(BUILD)/natmod/%/fqt.mpy) ## modules as users take them: dist/<arch>_6.3/, all but xtensawin, and ARCH=
	@set -e; $(foreach arch,$(DIST_ARCHITECTURES),tools/make_dist.py $(arch) $(BUILD)/natmod/$(arch)/fqt.mpy dist;)

firmware: $(FIRMWARES) $(FLASH_FIRMWARE) $(BUILD)/emulator.done ## MicroPython for the emulated boards

bench: setup $(MODULES) $(PROFILE_MODULES) firmware $(LARGE_HEAP_FIRMWARES) $(BUILD)/cyclemodel.so ## count instructions and cycles on emulated cores: build/bench.json
	@$(VENV)/bin/fqt bench --output $(BUILD)/bench.json | tee $(BUILD)/bench.txt

accuracy: setup $(BUILD)/natmod/armv7emsp/fqt.mpy $(BUILD)/natmod_profile/armv7emsp/fqt.mpy $(BUILD)/firmware/CORTEX_M4F/firmware.elf $(BUILD)/cyclemodel.so ## int8 against float32 on real data in the folder DATA=: build/accuracy.json, docs/accuracy.md
	@test -d "$(DATA)" || { echo "name the folder with the data: make accuracy DATA=... (docs/accuracy.md)"; exit 1; }
	@$(VENV)/bin/fqt experiment examples/experiments/*.toml --data "$(DATA)" --output $(BUILD)/experiments \
	    --json $(BUILD)/accuracy.json --cycles m4 --plot
	@$(PYTHON) tools/accuracy_table.py

sweep: setup $(BUILD)/natmod/armv7emsp/fqt.mpy $(BUILD)/natmod_profile/armv7emsp/fqt.mpy $(BUILD)/firmware/CORTEX_M4F/firmware.elf $(BUILD)/firmware_large_heap/CORTEX_M4F/firmware.elf $(BUILD)/cyclemodel.so ## how a step's cost grows with width, depth and input size: build/sweep.json, docs/sweep.png
	@$(VENV)/bin/fqt sweep --output $(BUILD)/sweep.json --plot docs/sweep.png

pytorch: setup ## training steps a second against PyTorch's, on this machine: build/pytorch.json (installs PyTorch)
	@tools/step pytorch "pip must reach a package index" \
	    $(VENV)/bin/pip install --quiet --disable-pip-version-check -r tools/requirements-pytorch.txt
	@$(PYTHON) tools/versus_pytorch.py

core: $(CORE_LIB) ## the core as a shared library for the host tools

info: setup ## the table of a model file: make info MODEL=digits.fqt
	@test -n "$(MODEL)" || { echo "name a model file: make info MODEL=digits.fqt"; exit 1; }
	@$(VENV)/bin/fqt info "$(MODEL)"

requirements: $(VENV)/.done ## make requirements.txt anew from the versions in requirements.in
	@tools/lock_requirements $(VENV) requirements.in requirements.txt

clean: ## remove what was built; keep what was downloaded
	rm -rf $(filter-out $(MPY_SOURCE) $(VENV),$(wildcard $(BUILD)/*)) dist

distclean: ## remove everything that is not in git
	rm -rf $(BUILD) dist

# -- the parts, each made once ------------------------------------------------------------------------------------

$(BUILD)/debian.done: Makefile
	@tools/step debian-packages "install by hand: $(DEBIAN_BUILD)" tools/apt_install $(DEBIAN_BUILD)
	@touch $@

$(VENV)/.done: requirements.txt host_tools/pyproject.toml | $(BUILD)/debian.done
	@tools/step python-environment "python3 -m venv must work (Debian: python3-venv)" python3 -m venv $(VENV)
	@tools/step python-packages "pip must reach a package index for: requirements.txt" \
	    $(VENV)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@tools/step host-tools "see host_tools/pyproject.toml" \
	    $(VENV)/bin/pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e host_tools
	@touch $@

$(MPY_SOURCE)/py/dynruntime.mk: tools/fetch_micropython tools/micropython_versions | $(BUILD)/debian.done
	@tools/step micropython-source "set MPY_DIR to a checkout of MicroPython, of a version in tools/micropython_versions" \
	    tools/fetch_micropython tools/micropython_versions $(MPY_SOURCE)
	@echo "== MicroPython $$(cat $(MPY_SOURCE).taken)"
	@touch -c $@ 2>/dev/null || true

$(MPY_CROSS): | $(MPY_SOURCE)/py/dynruntime.mk
	@tools/step mpy-cross "a C compiler and make are needed" \
	    $(MAKE) -C $(MPY_SOURCE)/mpy-cross -j$(JOBS) BUILD=$(CURDIR)/$(dir $@) PROG=mpy-cross

UNIX_OPTIONS = MICROPY_PY_SSL=0 MICROPY_PY_BTREE=0 MICROPY_PY_FFI=0 MICROPY_SSL_MBEDTLS=0 MICROPY_SSL_AXTLS=0 \
    FROZEN_MANIFEST=
$(MICROPYTHON): $(MPY_CROSS)
	@tools/step micropython-unix "a C compiler, make and pkg-config are needed" \
	    $(MAKE) -C $(MPY_SOURCE)/ports/unix -j$(JOBS) BUILD=$(CURDIR)/$(dir $@) MICROPY_MPYCROSS=$(CURDIR)/$(MPY_CROSS) \
	    MICROPY_MPYCROSS_DEPENDENCY= $(UNIX_OPTIONS)

.SECONDARY:
$(BUILD)/toolchain-arm%.done: Makefile
	@tools/step toolchain-arm$* "install by hand: $(DEBIAN_arm)" tools/apt_install $(DEBIAN_arm)
	@touch $@

$(BUILD)/toolchain-rv32imc.done: Makefile
	@tools/step toolchain-rv32imc "install by hand: $(DEBIAN_rv32imc)" tools/apt_install $(DEBIAN_rv32imc)
	@touch $@

$(BUILD)/toolchain-x64.done: Makefile
	@touch $@

$(BUILD)/toolchain-xtensawin.done: Makefile
	@command -v xtensa-esp32-elf-gcc >/dev/null || { \
	    echo "ARCH=xtensawin needs Espressif's compiler: put xtensa-esp32-elf-gcc on the PATH (it comes with ESP-IDF)"; \
	    exit 1; }
	@touch $@

define BUILD_MODULE # $(1): PROFILE=1, or nothing
@mkdir -p $(dir $@)
@tools/step $(notdir $(patsubst %/$*/fqt.mpy,%,$@))-$* "see the compiler's message above" \
    $(MAKE) -C $(dir $@) -f $(CURDIR)/natmod/Makefile ARCH=$* $(1) MPY_DIR=$(CURDIR)/$(MPY_SOURCE) \
    PYTHON=$(CURDIR)/$(PYTHON) MPY_CROSS=$(CURDIR)/$(MPY_CROSS)
endef
$(BUILD)/natmod/%/fqt.mpy: $(MODULE_SOURCES) $(MPY_CROSS) $(VENV)/.done $(BUILD)/toolchain-%.done
	$(call BUILD_MODULE)

$(BUILD)/natmod_profile/%/fqt.mpy: $(MODULE_SOURCES) $(MPY_CROSS) $(VENV)/.done $(BUILD)/toolchain-%.done
	$(call BUILD_MODULE,PROFILE=1)

$(BUILD)/emulator.done: Makefile
	@tools/step emulator "install by hand: $(DEBIAN_emulator)" tools/apt_install $(DEBIAN_emulator)
	@touch $@

$(BUILD)/toolchain-RV32.done: $(BUILD)/toolchain-rv32imc.done
	@touch $@

$(BUILD)/toolchain-NO_NATIVE.done: $(BUILD)/toolchain-armv7m.done
	@touch $@

$(BUILD)/toolchain-CORTEX_%.done: $(BUILD)/toolchain-armv7m.done
	@touch $@

FIRMWARE_SOURCES = tools/build_firmware $(wildcard tests/emulated/boards/*.* tests/emulated/boards/*/*.mk) $(MPY_CROSS) \
    $(VENV)/.done
define BUILD_FIRMWARE # $(1): variant, $(2): heap, $(3): where the flash is mounted, $(4): folder with the same board's objects
@tools/step $(1)-$* "see the compiler's message above" tools/build_firmware $* $(2) $(3) \
    $(CURDIR)/$(MPY_SOURCE) $(CURDIR)/$(MPY_CROSS) $(CURDIR)/$(PYTHON) $(CURDIR)/$(dir $@) $(4)
endef
$(BUILD)/firmware/%/firmware.elf: $(FIRMWARE_SOURCES) $(BUILD)/toolchain-%.done
	$(call BUILD_FIRMWARE,firmware,$(HEAP_BYTES),/)

$(BUILD)/firmware_large_heap/%/firmware.elf: $(BUILD)/firmware/%/firmware.elf
	$(call BUILD_FIRMWARE,large-heap,$(LARGE_HEAP_BYTES),/,$(dir $<))

$(BUILD)/flash/firmware/%/firmware.elf: $(BUILD)/firmware/%/firmware.elf
	$(call BUILD_FIRMWARE,flash,$(HEAP_BYTES),/flash,$(dir $<))

$(BUILD)/cyclemodel.so: tools/cyclemodel.c | $(BUILD)/debian.done
	@tools/step cyclemodel "a C compiler is needed" \
	    $(CC) -O2 -Wall -Wextra -Wno-unused-parameter -Werror -shared -fPIC -fvisibility=hidden -o $@ $<

CORE_FLAGS = -std=c99 -g -Wall -Wextra -Werror -fPIC -shared -fvisibility=hidden
$(CORE_LIB): $(CORE_SOURCES) | $(BUILD)/debian.done
	@tools/step core "a C compiler is needed" $(CC) -O3 $(CORE_FLAGS) -o $@ natmod/host/fqt_host.c

FLAGS_plain = -DFQT_PLAIN
FLAGS_dsp = -DFQT_EMULATE_DSP
FLAGS_armv6m = -DFQT_EMULATE_ARMV6M
$(BACKEND_LIBS): $(BUILD)/libfqt_%.so: $(CORE_SOURCES) | $(BUILD)/debian.done
	@tools/step core-$* "a C compiler is needed" $(CC) -O2 $(CORE_FLAGS) $(FLAGS_$*) -o $@ natmod/host/fqt_host.c

SANITIZE = -std=c99 -O1 -g -Wall -Wextra -Werror -fno-sanitize-recover=all
$(BUILD)/fuzz/exhaustive: tests/fuzz/model_file.c $(CORE_SOURCES) | $(BUILD)/debian.done
	@mkdir -p $(dir $@)
	@tools/step fuzz-exhaustive "gcc with its sanitizers is needed" \
	    $(CC) $(SANITIZE) -fsanitize=address,undefined -DFQT_EXHAUSTIVE -o $@ $<

$(BUILD)/fuzz/model_file: tests/fuzz/model_file.c $(CORE_SOURCES) | $(BUILD)/debian.done
	@mkdir -p $(dir $@)
	@tools/step fuzz-packages "install by hand: $(DEBIAN_fuzz)" tools/apt_install $(DEBIAN_fuzz)
	@tools/step fuzz-libfuzzer "clang with libFuzzer is needed" \
	    clang-14 $(SANITIZE) -fsanitize=fuzzer,address,undefined -o $@ $<
