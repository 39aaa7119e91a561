# fqt: quantized training under MicroPython. `make help` lists the targets; how each part is made is in mk/.
#
# Everything that is built lies under build/, made once and redone when its inputs change. MPY_DIR=... takes a MicroPython
# checkout that is already there (nothing is written to it).

ARCH ?= x64
JOBS ?= $(shell nproc)
# More arguments for pytest: make test-quick PYTEST="-k select"
PYTEST ?=
BUILD = build
VERSION = $(shell cat VERSION)

include mk/python.mk mk/natmod.mk mk/xtensa.mk mk/firmware.mk mk/tests.mk mk/page.mk mk/release.mk mk/docs.mk

# What tests and examples find the builds by.
export FQT_MICROPYTHON = $(CURDIR)/$(MICROPYTHON)
export FQT_MPY_PATH = $(CURDIR)/$(dir $(MODULE))
export FQT_CORE_LIB = $(CURDIR)/$(CORE_LIB)
export FQT_BUILD = $(CURDIR)/$(BUILD)
export FQT_FUZZ_PATH = $(CURDIR)/$(BUILD)/fuzz

.DEFAULT_GOAL = help
.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: help setup demo repl picture test test-quick fuzz coverage lint format docs natmod dist firmware usermod bench estimates sweep speed pytorch partial paper accuracy core info models \
    requirements clean distclean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

setup: $(VENV)/.done $(MICROPYTHON) $(MODULE) $(CORE_LIB) $(AVX2_LIB) $(BACKEND_LIBS) ## all that demo and test need (they call it themselves)

demo: setup ## a CNN that meets rotated images, trained under MicroPython; writes build/demo.png
	@$(VENV)/bin/fqt demo --output $(BUILD)/demo --picture $(BUILD)/demo.png

repl: setup ## MicroPython's prompt with fqt, beside what make demo left
	@mkdir -p $(BUILD)/demo
	@$(VENV)/bin/fqt repl $(BUILD)/demo

picture: setup $(PICTURE_BOARD) ## the pictures in the README: docs/demo.png, the demo's with float32 beside int8; docs/learning.svg, a board that learns
	@$(VENV)/bin/fqt demo --float --output $(BUILD)/demo --picture docs/demo.png
	@$(PYTHON) tools/learning_picture.py

test: setup $(TEST_TOOLS) $(FUZZ_TOOLS) $(MODULES) $(PROFILE_MODULES) firmware usermod dist $(WASM) lint ## all tests, those on emulated boards too
	@$(PYTHON) -m pytest -n $(JOBS) $(PYTEST)

test-quick: setup lint ## the tests for daily work: under a minute
	@$(PYTHON) -m pytest -n $(JOBS) -m "not slow" $(PYTEST)

.PHONY: page test-page
page: $(PAGE) ## the page that trains in a browser, static files: build/page (docs/page.md)
	@du -bs $(dir $(PAGE))

test-page: page $(BUILD)/chromium.done $(PAGE_BOARDS) ## the page in Chromium, without a window (installs Debian's chromium)
	@FQT_PAGE=$(CURDIR)/$(dir $(PAGE)) $(PYTHON) -m pytest tests/page $(PYTEST)

fuzz: setup $(FUZZER) ## change model files for SECONDS= (60) under sanitizers; what loads trains on every core alike
	@PYTHONPATH=tests $(PYTHON) tests/fuzz/fuzzing.py $(SECONDS)

coverage: setup $(COVERAGE_LIB) ## which lines of the core and of the host tools test-quick's tests run
	@$(call MEASURE_COVERAGE)

lint: $(VENV)/.done $(BUILD)/lint.done ## check format, style, types and spelling; all warnings of the core, and cppcheck
	@$(call CHECK_STYLE)

format: $(VENV)/.done ## bring Python and C into the project's format
	@$(call FORMAT)

docs: $(DOCS)/.done ## the docs as a site: build/docs/html/index.html; its links are looked up
	@echo "$(DOCS)/html/index.html"

natmod: $(BUILD)/$(KINDS_FOLDER)/$(ARCH)/fqt.mpy ## the module for ARCH= x64 armv6m armv7m armv7emsp armv7emdp rv32imc xtensawin; KINDS="dense conv2d", common, all
	@ls -l $<

dist: $(foreach arch,$(ARCHITECTURES),$(BUILD)/natmod/$(arch)/fqt.mpy $(BUILD)/natmod_all/$(arch)/fqt.mpy) ## modules as users take them: dist/<arch>_6.3/, with all layer kinds <arch>_6.3_full/
	@set -e; $(foreach arch,$(ARCHITECTURES), \
	    tools/make_dist.py $(arch) $(BUILD)/natmod/$(arch)/fqt.mpy dist; \
	    tools/make_dist.py --full $(arch) $(BUILD)/natmod_all/$(arch)/fqt.mpy dist;)

.PHONY: release
release: $(RELEASE)/SHA256SUMS ## wheel, source distribution, packages for mip, stubs and digests: build/release
	@cd $(RELEASE) && cat SHA256SUMS

firmware: $(FIRMWARES) $(FLASH_FIRMWARE) $(BUILD)/emulator.done ## MicroPython for the emulated boards

usermod: $(USERMOD_MICROPYTHON) $(USERMOD_FIRMWARE) ## MicroPython with fqt in the firmware: the unix port, and an emulated board

bench: setup $(MODULES) $(PROFILE_MODULES) firmware $(LARGE_HEAP_FIRMWARES) $(MODEL_FIRMWARES) $(CYCLE_MODEL) ## count instructions and cycles on emulated cores, with DATA= a folder of data of trained networks too: build/bench.json
	@test -z "$(DATA)" || test -d "$(DATA)" || { echo "DATA=$(DATA) is no folder (docs/accuracy.md says what goes in it)"; exit 1; }
	@$(VENV)/bin/fqt bench $(if $(DATA),--data "$(DATA)") --output $(BUILD)/bench.json | tee $(BUILD)/bench.txt

estimates: setup $(MODULES) $(PROFILE_MODULES) firmware $(LARGE_HEAP_FIRMWARES) $(CYCLE_MODEL) dist ## what `fqt info MODEL --board` estimates from, counted anew: costs.json, docs/boards.md
	@$(PYTHON) tools/estimates.py

# Without DATA those experiments whose data scikit-learn brings.
EXPERIMENTS = $(if $(DATA),$(wildcard examples/experiments/*.toml),$(shell grep -l '^sklearn' examples/experiments/*.toml))

accuracy: setup $(if $(DATA),$(COST_TOOLS)) ## int8 against float32, with DATA= a folder of data on these too: build/accuracy.json, docs/accuracy.md
	@test -z "$(DATA)" || test -d "$(DATA)" || { echo "DATA=$(DATA) is no folder (docs/accuracy.md says what goes in it)"; exit 1; }
	@env -u FQT_CORE_LIB $(VENV)/bin/fqt experiment $(EXPERIMENTS) $(if $(DATA),--data "$(DATA)" --cycles m4) --output $(BUILD)/experiments \
	    --json $(BUILD)/accuracy.json --plot
	@$(PYTHON) tools/accuracy_table.py

sweep: setup $(COST_TOOLS) ## how a step's cost grows with width, depth and input size: build/sweep.json, docs/sweep.png
	@$(VENV)/bin/fqt sweep --output $(BUILD)/sweep.json --plot docs/sweep.png

partial: setup ## partial updates over whole runs on digits: docs/partial_updates.md
	@$(PYTHON) tools/partial_updates.py

paper: setup $(MODULES) firmware $(LARGE_HEAP_FIRMWARES) $(MODEL_FIRMWARES) $(CYCLE_MODEL) ## the networks of the paper on emulated cores, and what partial updates save: docs/paper.md; make paper DATA=folder
	@test -d "$(DATA)" || { echo "name a folder of data: make paper DATA=folder (docs/accuracy.md says what goes in it)"; exit 1; }
	@$(PYTHON) tools/paper_comparison.py "$(DATA)"

speed: setup ## training steps a second on this machine, int8 and float32: a table in docs/performance.md
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(PYTHON) tools/desk_speed.py

pytorch: setup ## training steps a second against PyTorch's, on this machine: build/pytorch.json (installs PyTorch)
	@tools/step pytorch "pip must reach a package index" $(PIP_INSTALL) -r tools/requirements-pytorch.txt
	@$(PYTHON) tools/versus_pytorch.py

core: $(CORE_LIB) $(AVX2_LIB) $(BACKEND_LIBS) ## the core as shared libraries: for the host tools, and with the kernels of other boards

info: setup ## the table of a model file: make info MODEL=digits.fqt
	@test -n "$(MODEL)" || { echo "name a model file: make info MODEL=digits.fqt"; exit 1; }
	@$(VENV)/bin/fqt info "$(MODEL)"

models: setup $(if $(filter emulated:m4,$(ON)),$(MODEL_BOARD)) ## what the importers make of a folder of models, against their own runtimes: make models MODELS=folder [ON=emulated:m4] [TRUST=--trust]
	@test -d "$(MODELS)" || { echo "name a folder of models: make models MODELS=folder"; exit 1; }
	@$(PYTHON) tools/models_table.py "$(MODELS)" $(TRUST) $(if $(ON),--on $(ON))

requirements: $(VENV)/.done ## make requirements.txt anew from the versions in requirements.in, and those of docs/ too
	@tools/lock_requirements $(VENV) requirements.in requirements.txt
	@tools/lock_requirements $(VENV) docs/requirements.in docs/requirements.txt

.PHONY: mutants
mutants: setup ## delete each check of model files, one at a time: the tests must notice (minutes)
	@$(PYTHON) tests/mutants/checks.py --jobs $(JOBS)

clean: ## remove what was built; keep what was downloaded
	rm -rf $(filter-out $(MPY_SOURCE) $(MPY_SOURCE).taken $(VENV) $(DOCS_VENV),$(wildcard $(BUILD)/*)) dist

distclean: ## remove everything that is not in git
	rm -rf $(BUILD) dist
