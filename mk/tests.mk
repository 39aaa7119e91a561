# The core as a library for the host, as it runs on other boards, sanitized and fuzzed; style checks; coverage.

CORE_LIB = $(BUILD)/libfqt_core.so
# The core as other boards run it (natmod/core/base/fqt_target.h), and with its plain kernels: tests compare them.
BACKENDS = plain scalar dsp armv6m
BACKEND_LIBS = $(BACKENDS:%=$(BUILD)/libfqt_%.so)
# All of them under sanitizers, for model files and for the fuzzer (tests/fuzz/fuzz.h).
FUZZ_BACKENDS = core $(BACKENDS)
FUZZER = $(BUILD)/fuzz/clang/model_file
FUZZ_TOOLS = $(BUILD)/fuzz/gcc/files $(FUZZER)
SECONDS = 60
TEST_TOOLS = $(CYCLE_MODEL)
DEBIAN_fuzz = clang libclang-rt-dev

HOST_FILES = $(wildcard natmod/host/*.[ch])
CORE_SOURCES = $(CORE_FILES) $(HOST_FILES)
C_FILES = $(CORE_SOURCES) $(BINDING_FILES) $(wildcard natmod/xtensa/*.[ch] \
    tests/emulated/boards/XTENSA/*.c tests/fuzz/*.[ch] tests/release/*.c tools/*/*.[ch] natmod/wasm/*.c natmod/wasm/include/*.h)
JS_FILES = $(wildcard examples/page/js/*.js examples/page/js/board/*.js tests/page/*.mjs tests/page/*.js)

CORE_FLAGS = -std=c99 -g -pthread -Wall -Wextra -Werror -fPIC -shared -fvisibility=hidden -DFQT_HOST_VERSION='"$(VERSION)"'
# Kept results are named after the library: it is the same in whichever folder it is built.
SAME_BYTES = -ffile-prefix-map=$(CURDIR)=.
$(CORE_LIB): $(CORE_SOURCES) VERSION | $(BUILD)/debian.done
	@tools/step core "a C compiler is needed" $(CC) -O3 $(CORE_FLAGS) $(SAME_BYTES) -o $@ natmod/host/fqt_host.c

# The same for processors with AVX2, whose vectors are twice as wide: the same bits, which host_tools/fqt/run/library.py takes
# where it can. It is never older than the other.
AVX2_LIB = $(if $(filter x86_64,$(shell uname -m)),$(BUILD)/libfqt_core_avx2.so)
$(BUILD)/libfqt_core_avx2.so: $(CORE_SOURCES) $(CORE_LIB)
	@tools/step core-avx2 "a C compiler is needed" $(CC) -O3 -mavx2 $(CORE_FLAGS) $(SAME_BYTES) -o $@ natmod/host/fqt_host.c

FLAGS_plain = -DFQT_PLAIN
FLAGS_scalar = -DFQT_VECTORS=0
FLAGS_dsp = -DFQT_EMULATE_DSP
FLAGS_armv6m = -DFQT_EMULATE_ARMV6M
$(BACKEND_LIBS): $(BUILD)/libfqt_%.so: $(CORE_SOURCES) | $(BUILD)/debian.done
	@tools/step core-$* "a C compiler is needed" $(CC) -O2 $(CORE_FLAGS) $(FLAGS_$*) -o $@ natmod/host/fqt_host.c

FUZZ_SOURCES = $(wildcard tests/fuzz/*.[ch]) $(CORE_SOURCES)
# The libraries lie beside the program. What gcc builds takes large models too.
SANITIZE = -std=c99 -g -Wall -Wextra -Werror -fno-sanitize-recover=all -Wl,-rpath,'$$ORIGIN',--disable-new-dtags
SANITIZE_gcc = -O1 -fsanitize=address,undefined
SANITIZE_clang = -O2 -fsanitize=fuzzer-no-link,address,undefined
BACKEND_FLAGS = -fPIC -shared -fvisibility=hidden
$(BUILD)/fuzz/gcc/libfuzz_%.so: $(FUZZ_SOURCES) | $(BUILD)/debian.done
	@mkdir -p $(dir $@)
	@tools/step fuzz-gcc-$* "gcc with its sanitizers is needed" gcc $(SANITIZE) $(SANITIZE_gcc) $(BACKEND_FLAGS) \
	    $(FLAGS_$*) -DFUZZ_WORK=0x1000000 -o $@ tests/fuzz/fuzz_backend.c

$(BUILD)/fuzz/gcc/files: $(FUZZ_BACKENDS:%=$(BUILD)/fuzz/gcc/libfuzz_%.so)
	@tools/step fuzz-gcc-files "gcc with its sanitizers is needed" gcc $(SANITIZE) $(SANITIZE_gcc) \
	    -o $@ tests/fuzz/fuzz_files.c tests/fuzz/fuzz_run.c -ldl

$(BUILD)/fuzz-packages.done: mk/tests.mk | $(BUILD)/debian.done
	@tools/step fuzz-packages "install by hand: $(DEBIAN_fuzz)" tools/apt_install $(DEBIAN_fuzz)
	@touch $@

$(BUILD)/fuzz/clang/libfuzz_%.so: $(FUZZ_SOURCES) $(BUILD)/fuzz-packages.done
	@mkdir -p $(dir $@)
	@tools/step fuzz-clang-$* "clang with libFuzzer is needed" clang $(SANITIZE) $(SANITIZE_clang) $(BACKEND_FLAGS) \
	    $(FLAGS_$*) -o $@ tests/fuzz/fuzz_backend.c

$(FUZZER): $(FUZZ_BACKENDS:%=$(BUILD)/fuzz/clang/libfuzz_%.so)
	@tools/step fuzz-clang-model_file "clang with libFuzzer is needed" clang $(SANITIZE) $(SANITIZE_clang) \
	    -fsanitize=fuzzer -o $@ tests/fuzz/fuzz_mutate.c tests/fuzz/fuzz_run.c -ldl

# The core as it is for the desk, for a board without and with DSP instructions, for Cortex-M0+, and with plain kernels.
CORE_VARIANTS = -UFQT_PLAIN $(FLAGS_scalar) $(FLAGS_dsp) $(FLAGS_armv6m) $(FLAGS_plain)
STRICT = -std=c99 -fsyntax-only -Werror -Wall -Wextra -Wshadow -Wundef -Wmissing-prototypes -Wpedantic -Wconversion
# As boards compile it, where their compiler is installed (whose macros for instructions convert signs).
ARM_STRICT = $(subst -std=c99,-std=c11,$(STRICT)) -Wno-sign-conversion -ffreestanding -mthumb natmod/core/fqt_core_all.c
ARM_CORES = $(if $(shell command -v arm-none-eabi-gcc),cortex-m0plus cortex-m3 cortex-m4)
# Right shifts of negative numbers are arithmetic in every compiler that this is for.
CPPCHECK = cppcheck --quiet --std=c99 --enable=warning,portability,performance --inline-suppr --error-exitcode=1 \
    --suppress=shiftTooManyBitsSigned -DNDEBUG

DEBIAN_lint = cppcheck
$(BUILD)/lint.done: mk/tests.mk | $(BUILD)/debian.done
	@tools/step lint-packages "install by hand: $(DEBIAN_lint)" tools/apt_install $(DEBIAN_lint)
	@touch $@

define CHECK_STYLE
$(VENV)/bin/ruff check --quiet
$(VENV)/bin/ruff format --check --quiet
$(VENV)/bin/clang-format --dry-run --Werror $(C_FILES)
$(PYTHON) tools/wrap_comments.py --check $(C_FILES)
$(VENV)/bin/mypy --no-error-summary
$(VENV)/bin/codespell $$(git ls-files | grep -v 'requirements.txt$$')
set -e; for variant in $(CORE_VARIANTS); do $(CC) $(STRICT) $$variant natmod/host/fqt_host.c; done
set -e; for core in $(ARM_CORES); do arm-none-eabi-gcc -mcpu=$$core $(ARM_STRICT); done
$(CPPCHECK) $(FLAGS_dsp) natmod/host/fqt_host.c
$(CPPCHECK) $(FLAGS_plain) natmod/host/fqt_host.c
set -e; for file in $(if $(shell command -v node),$(JS_FILES)); do node --check $$file; done
endef

define FORMAT
$(VENV)/bin/ruff check --quiet --fix
$(VENV)/bin/ruff format --quiet
$(VENV)/bin/clang-format -i $(C_FILES)
$(PYTHON) tools/wrap_comments.py $(C_FILES)
endef

COVERAGE_LIB = $(BUILD)/coverage/libfqt_core.so
$(COVERAGE_LIB): $(CORE_SOURCES) | $(BUILD)/debian.done
	@mkdir -p $(dir $@)
	@tools/step core-coverage "gcc with gcov is needed" \
	    $(CC) -O0 --coverage -fprofile-update=atomic $(CORE_FLAGS) -o $@ natmod/host/fqt_host.c

define MEASURE_COVERAGE
rm -f $(BUILD)/coverage/*.gcda
FQT_CORE_LIB=$(CURDIR)/$(COVERAGE_LIB) $(PYTHON) -m pytest -q -n $(JOBS) -m "not slow" \
    --cov=fqt --cov-report=html:$(BUILD)/coverage/python --cov-report=term:skip-covered; failed=$$?; \
    $(PYTHON) tools/core_coverage.py $(BUILD)/coverage && exit $$failed
endef
