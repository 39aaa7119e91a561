# The core for a browser: WebAssembly, without a C library.

DEBIAN_wasm = clang lld
DEBIAN_node = nodejs
WASM = $(BUILD)/wasm/fqt.wasm
WASM_FILES = $(wildcard natmod/wasm/*.c natmod/wasm/include/*.h)
# An instance has one thread (the linker of Debian's knows no variables of threads without Emscripten).
WASM_FLAGS = --target=wasm32 -std=c11 -Os -mbulk-memory -ffreestanding -fvisibility=hidden -Wall -Wextra -Werror \
    -D__thread= -isystem natmod/wasm/include -DFQT_HOST_VERSION='"$(VERSION)"' $(SAME_BYTES)

$(BUILD)/wasm-packages.done: mk/page.mk | $(BUILD)/debian.done
	@tools/step wasm-packages "install by hand: $(DEBIAN_wasm)" tools/apt_install $(DEBIAN_wasm)
	@command -v node >/dev/null || tools/step node "install by hand: $(DEBIAN_node)" tools/apt_install $(DEBIAN_node)
	@touch $@

$(WASM): $(CORE_SOURCES) $(WASM_FILES) VERSION $(BUILD)/wasm-packages.done
	@mkdir -p $(dir $@)
	@tools/step wasm "clang and lld are needed" clang $(WASM_FLAGS) -c -o $(@:.wasm=.o) natmod/wasm/fqt_wasm.c
	@tools/step wasm-link "clang and lld are needed" \
	    wasm-ld --no-entry --export-dynamic --gc-sections --strip-all -o $@ $(@:.wasm=.o)

# The page that trains (examples/page): static files, and beside them the modules of `make dist`, for boards.
PAGE = $(BUILD)/page/index.html
PAGE_FILES = $(wildcard examples/page/* examples/page/js/*.js examples/page/js/board/*.js examples/rotated_digits/* \
    host_tools/fqt/device/*_device.py) host_tools/fqt/device/install.py
PAGE_MODULES = $(foreach folder,natmod natmod_all,$(ARCHITECTURES:%=$(BUILD)/$(folder)/%/fqt.mpy))
$(PAGE): $(PAGE_FILES) $(PAGE_MODULES) $(WASM) $(CORE_LIB) $(VENV)/.done | dist
	@tools/step page "see the message above" $(PYTHON) examples/page/make.py $(WASM) dist $(BUILD)/page
	@touch $@

# What the page trains on in Chromium. `make test` is without: Chromium is a download of its own, and the copies over the
# emulated line take longer than a minute where other tests run beside.
PAGE_BOARDS = $(patsubst %,$(BUILD)/firmware/%/firmware.elf,CORTEX_M4F NO_NATIVE) $(BUILD)/emulator.done

DEBIAN_chromium = chromium
$(BUILD)/chromium.done: | $(BUILD)/debian.done
	@command -v chromium >/dev/null || tools/step chromium "install by hand: $(DEBIAN_chromium)" \
	    tools/apt_install $(DEBIAN_chromium)
	@touch $@
