# The docs as a site: build/docs/html, with an environment of its own, so that `make setup` stays as short as it is.

DOCS_VENV = $(BUILD)/docs-venv
DOCS = $(BUILD)/docs
DOCS_FILES = $(wildcard docs/* docs/examples/* examples/*/README.md *.md micropython_lib/*.pyi)

$(DOCS_VENV)/.done: docs/requirements.txt | $(BUILD)/debian.done
	@tools/step docs-environment "python3 -m venv must work (Debian: python3-venv)" python3 -m venv --clear $(DOCS_VENV)
	@tools/step docs-packages "pip must reach a package index for: docs/requirements.txt" \
	    $(DOCS_VENV)/bin/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r docs/requirements.txt
	@tools/step docs-check "docs/requirements.in needs more: make requirements" $(DOCS_VENV)/bin/pip check
	@touch $@

# -W: a warning (a link that leads nowhere, a page that no page names) fails. Links of the pages as built are looked up too.
$(DOCS)/.done: $(DOCS_FILES) tools/check_links.py VERSION $(DOCS_VENV)/.done
	@rm -rf $(DOCS)
	@tools/step docs "see what Sphinx says of which page" \
	    $(DOCS_VENV)/bin/sphinx-build -q -W --keep-going -j auto -d $(DOCS)/doctrees docs $(DOCS)/html
	@tools/check_links.py $(DOCS)/html $(DOCS)/external_links.txt
	@touch $@
