# A release: what `make dist` built, as distributions for pip and packages for mip, in one folder.

RELEASE = $(BUILD)/release
# Everything that tools/make_release.py reads.
RELEASE_SOURCES = $(MODULE_SOURCES) $(HOST_FILES) $(wildcard *.py *.toml *.md *.in examples/rotated_digits/* micropython_lib/*.*) \
    $(shell find host_tools -name '*.py') tools/make_release.py tools/make_dist.py

$(RELEASE)/SHA256SUMS: $(DIST_ARCHITECTURES:%=$(BUILD)/natmod/%/fqt.mpy) $(RELEASE_SOURCES) | dist
	@tools/step release "see the message above" $(PYTHON) tools/make_release.py dist $(RELEASE)

test: $(RELEASE)/SHA256SUMS
