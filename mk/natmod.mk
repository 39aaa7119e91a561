# MicroPython's source, its cross compiler and unix port, and the native module for each architecture.

MPY_SOURCE = $(BUILD)/micropython
MPY_CROSS = $(BUILD)/mpy-cross/mpy-cross
MICROPYTHON = $(BUILD)/unix/micropython
MODULE = $(BUILD)/natmod/x64/fqt.mpy

ARCHITECTURES = x64 armv6m armv7m armv7emsp armv7emdp rv32imc xtensawin
ifeq ($(filter $(ARCH),$(ARCHITECTURES)),)
$(error ARCH=$(ARCH) is not built; these are: $(ARCHITECTURES))
endif
# Layer kinds of the module that `make natmod` builds. Each choice has a folder of its own.
KINDS ?= common
SPACE = $(subst ,, )
KINDS_FOLDER = natmod$(if $(filter-out common,$(KINDS)),_$(subst $(SPACE),-,$(sort $(KINDS))))
MODULES = $(ARCHITECTURES:%=$(BUILD)/natmod/%/fqt.mpy)
# With what a profiler needs, for the architectures that `fqt bench` counts on.
PROFILE_MODULES = $(patsubst %,$(BUILD)/natmod_profile/%/fqt.mpy,armv6m armv7m armv7emsp armv7emdp rv32imc xtensawin)

CORE_FILES = $(wildcard natmod/core/*.[ch] natmod/core/*/*.[ch] natmod/core/*/*/*.[ch])
BINDING_FILES = $(wildcard natmod/*.c natmod/binding/*.[ch])
MODULE_SOURCES = $(CORE_FILES) $(BINDING_FILES) $(wildcard micropython_lib/*.py micropython_lib/fqt/*.py) natmod/Makefile \
    natmod/xtensa/runtime.S VERSION tools/append_messages.py tools/check_xtensa.py tools/chosen_kinds.py tools/join_python.py

DEBIAN_arm = gcc-arm-none-eabi libnewlib-arm-none-eabi
DEBIAN_rv32imc = gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf

$(MPY_SOURCE)/py/dynruntime.mk: tools/fetch_micropython tools/micropython_versions | $(BUILD)/debian.done
	@tools/step micropython-source "set MPY_DIR to a checkout of MicroPython, of a version in tools/micropython_versions" \
	    tools/fetch_micropython tools/micropython_versions $(MPY_SOURCE)
	@echo "== MicroPython $$(cat $(MPY_SOURCE).taken)"
	@touch -c $@ 2>/dev/null || true

$(MPY_CROSS): | $(MPY_SOURCE)/py/dynruntime.mk
	@tools/step mpy-cross "a C compiler and make are needed" \
	    $(MAKE) -C $(MPY_SOURCE)/mpy-cross -j$(JOBS) BUILD=$(CURDIR)/$(dir $@) PROG=mpy-cross

define BUILD_UNIX # $(1): name of the step, $(2): what is frozen, and other variables of the port
@tools/step $(1) "a C compiler, make and pkg-config are needed" \
    $(MAKE) -C $(MPY_SOURCE)/ports/unix -j$(JOBS) BUILD=$(CURDIR)/$(dir $@) MICROPY_MPYCROSS=$(CURDIR)/$(MPY_CROSS) \
    MICROPY_MPYCROSS_DEPENDENCY= MICROPY_PY_SSL=0 MICROPY_PY_BTREE=0 MICROPY_PY_FFI=0 MICROPY_SSL_MBEDTLS=0 \
    MICROPY_SSL_AXTLS=0 $(2)
endef
$(MICROPYTHON): $(MPY_CROSS)
	$(call BUILD_UNIX,micropython-unix,FROZEN_MANIFEST=)

$(BUILD)/toolchain-arm%.done: mk/natmod.mk
	@tools/step toolchain-arm$* "install by hand: $(DEBIAN_arm)" tools/apt_install $(DEBIAN_arm)
	@touch $@

$(BUILD)/toolchain-rv32imc.done: mk/natmod.mk
	@tools/step toolchain-rv32imc "install by hand: $(DEBIAN_rv32imc)" tools/apt_install $(DEBIAN_rv32imc)
	@touch $@

$(BUILD)/toolchain-x64.done: | $(BUILD)/debian.done
	@touch $@

define BUILD_MODULE # $(1): KINDS="...", and PROFILE=1 or nothing
@mkdir -p $(dir $@)
@tools/step $(notdir $(patsubst %/$*/fqt.mpy,%,$@))-$* "see the compiler's message above" \
    $(MAKE) -C $(dir $@) -f $(CURDIR)/natmod/Makefile ARCH=$* $(1) MPY_DIR=$(CURDIR)/$(MPY_SOURCE) \
    PYTHON=$(CURDIR)/$(PYTHON) MPY_CROSS=$(CURDIR)/$(MPY_CROSS) $(if $(filter xtensawin,$*),CROSS=$(XTENSA_CROSS))
@touch $@
endef
# On the desk, where text is no scarce RAM, the common module has all kinds.
$(BUILD)/natmod/%/fqt.mpy: $(MODULE_SOURCES) $(MPY_CROSS) $(VENV)/.done $(BUILD)/toolchain-%.done
	$(call BUILD_MODULE,KINDS=$(if $(filter x64,$*),all,common))

$(BUILD)/natmod_all/%/fqt.mpy: $(MODULE_SOURCES) $(MPY_CROSS) $(VENV)/.done $(BUILD)/toolchain-%.done
	$(call BUILD_MODULE,KINDS=all)

ifeq ($(filter natmod natmod_all,$(KINDS_FOLDER)),)
$(BUILD)/$(KINDS_FOLDER)/%/fqt.mpy: $(MODULE_SOURCES) $(MPY_CROSS) $(VENV)/.done $(BUILD)/toolchain-%.done
	$(call BUILD_MODULE,KINDS="$(KINDS)")
endif

$(BUILD)/natmod_profile/%/fqt.mpy: $(MODULE_SOURCES) $(MPY_CROSS) $(VENV)/.done $(BUILD)/toolchain-%.done
	$(call BUILD_MODULE,KINDS=all PROFILE=1)
