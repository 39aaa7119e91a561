# A release: what `make dist` built, as distributions for pip and packages for mip, in one folder.

RELEASE = $(BUILD)/release
# Everything that tools/make_release.py reads.
RELEASE_SOURCES = $(MODULE_SOURCES) $(HOST_FILES) $(wildcard *.py *.toml *.md *.in examples/rotated_digits/* micropython_lib/*.*) \
    $(shell find host_tools -name '*.py') tools/make_release.py tools/make_dist.py mk/release.mk
# Other processors that there are wheels for besides this machine's, where it is x86-64: by Debian's cross compilers.
RELEASE_MACHINES = $(if $(filter x86_64,$(shell uname -m)),aarch64)
DEBIAN_cross-aarch64 = gcc-aarch64-linux-gnu libc6-dev-arm64-cross
# What runs them in tests.
DEBIAN_cross-emulator = qemu-user

CROSS_PACKAGES = $(RELEASE_MACHINES:%=cross-%) $(if $(RELEASE_MACHINES),cross-emulator)
$(CROSS_PACKAGES:%=$(BUILD)/%.done): $(BUILD)/%.done: mk/release.mk | $(BUILD)/debian.done
	@tools/step $* "install by hand: $(DEBIAN_$*)" tools/apt_install $(DEBIAN_$*)
	@touch $@

$(RELEASE)/SHA256SUMS: $(ARCHITECTURES:%=$(BUILD)/natmod/%/fqt.mpy) $(RELEASE_SOURCES) \
    $(RELEASE_MACHINES:%=$(BUILD)/cross-%.done) | dist
	@tools/step release "see the message above" $(PYTHON) tools/make_release.py dist $(RELEASE) $(RELEASE_MACHINES)

test: $(RELEASE)/SHA256SUMS $(CROSS_PACKAGES:%=$(BUILD)/%.done)
