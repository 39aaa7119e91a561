# The core as a library for the host, as it runs on other boards, sanitized and fuzzed; style checks; coverage.

CORE_LIB = $(BUILD)/libfqt_core.so
# The core as other boards run it (natmod/core/base/fqt_target.h), and with its plain kernels: tests compare them.
BACKENDS = plain dsp armv6m
BACKEND_LIBS = $(BACKENDS:%=$(BUILD)/libfqt_%.so)
FUZZ_TOOLS = $(BUILD)/fuzz/exhaustive $(BUILD)/fuzz/model_file
TEST_TOOLS = $(BACKEND_LIBS) $(CYCLE_MODEL)
DEBIAN_fuzz = clang libclang-rt-dev

HOST_FILES = $(wildcard natmod/host/*.[ch])
CORE_SOURCES = $(CORE_FILES) $(HOST_FILES)
C_FILES = $(CORE_SOURCES) $(BINDING_FILES) $(wildcard tests/fuzz/*.c tools/*.c)

CORE_FLAGS = -std=c99 -g -pthread -Wall -Wextra -Werror -fPIC -shared -fvisibility=hidden
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

$(BUILD)/fuzz-packages.done: mk/tests.mk | $(BUILD)/debian.done
	@tools/step fuzz-packages "install by hand: $(DEBIAN_fuzz)" tools/apt_install $(DEBIAN_fuzz)
	@touch $@

$(BUILD)/fuzz/model_file: tests/fuzz/model_file.c $(CORE_SOURCES) $(BUILD)/fuzz-packages.done
	@mkdir -p $(dir $@)
	@tools/step fuzz-libfuzzer "clang with libFuzzer is needed" \
	    clang $(SANITIZE) -fsanitize=fuzzer,address,undefined -o $@ $<

define CHECK_STYLE
$(VENV)/bin/ruff check --quiet
$(VENV)/bin/ruff format --check --quiet
$(VENV)/bin/clang-format --dry-run --Werror $(C_FILES)
endef

define FORMAT
$(VENV)/bin/ruff check --quiet --fix
$(VENV)/bin/ruff format --quiet
$(VENV)/bin/clang-format -i $(C_FILES)
endef

COVERAGE_LIB = $(BUILD)/coverage/libfqt_core.so
$(COVERAGE_LIB): $(CORE_SOURCES) | $(BUILD)/debian.done
	@mkdir -p $(dir $@)
	@tools/step core-coverage "gcc with gcov is needed" \
	    $(CC) -O0 --coverage -fprofile-update=atomic $(CORE_FLAGS) -o $@ natmod/host/fqt_host.c

define MEASURE_COVERAGE
rm -f $(BUILD)/coverage/*.gcda
FQT_CORE_LIB=$(CURDIR)/$(COVERAGE_LIB) $(PYTHON) -m pytest -q -n $(JOBS) -m "not slow" \
    --cov=fqt --cov-report=html:$(BUILD)/coverage/python --cov-report=term:skip-covered
$(PYTHON) tools/core_coverage.py $(BUILD)/coverage
endef
