# Debian's packages and the Python environment that everything else needs.

VENV = $(BUILD)/venv
PYTHON = $(VENV)/bin/python
PIP_INSTALL = $(VENV)/bin/pip install --quiet --disable-pip-version-check

DEBIAN_BUILD = build-essential git python3 python3-venv python3-dev pkg-config dpkg-dev xz-utils

$(BUILD)/debian.done: mk/python.mk
	@tools/step debian-packages "install by hand: $(DEBIAN_BUILD)" tools/apt_install $(DEBIAN_BUILD)
	@touch $@

# The list is whole: without --no-deps, pip looks for newer versions of what has extras (coverage[toml]) on the index, and
# fails on the day that there is one.
$(VENV)/.done: requirements.txt pyproject.toml setup.py VERSION | $(BUILD)/debian.done
	@tools/step python-environment "python3 -m venv must work (Debian: python3-venv)" python3 -m venv $(VENV)
	@tools/step python-packages "pip must reach a package index for: requirements.txt" \
	    $(PIP_INSTALL) --require-hashes --no-deps -r requirements.txt
	@tools/step host-tools "see pyproject.toml and setup.py" $(PIP_INSTALL) --no-build-isolation --no-deps -e .
	@tools/step python-check "requirements.in needs more: make requirements" $(VENV)/bin/pip check
	@touch $@
