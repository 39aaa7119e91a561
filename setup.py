"""How the compiled and the collected parts of the host tools come into a wheel; pyproject.toml has
all else.

The core is compiled to shared libraries that know nothing of Python (host_tools/fqt/run/library.py
loads them): one wheel serves all versions of Python on a platform. The modules for boards, the
stubs and the demo are copied beside them, where host_tools/fqt/places.py finds them. An editable
install takes all of these from the checkout, as `make` builds them.
"""

import re
import sys
import sysconfig
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py

VERSION = Path("VERSION").read_text().strip()
PACKAGED = Path("fqt") / "packaged"  # in the wheel
SUFFIX = {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")
# -g0: debug information names the folder that it was built in.
FLAGS = ["-std=c99", "-O3", "-g0", "-fvisibility=hidden", f'-DFQT_HOST_VERSION="{VERSION}"']
OLDEST_GLIBC = 17  # 2.17: manylinux2014


def library(name: str, *flags: str) -> Extension:
    sources = sorted(str(path) for path in Path("natmod").glob("**/*.[ch]"))
    return Extension(
        ".".join((*PACKAGED.parts, "core", name)),
        ["natmod/host/fqt_host.c"],
        extra_compile_args=[*FLAGS, *flags],
        extra_link_args=["-static-libgcc"] if sys.platform == "win32" else [],
        depends=sources,
    )


def libraries() -> list[Extension]:
    found = [library("libfqt_core")]
    if sysconfig.get_platform() == "linux-x86_64":  # where library.py can ask the processor
        found.append(library("libfqt_core_avx2", "-mavx2"))
    return found


def packaged_files() -> list[tuple[Path, Path]]:
    """Where each collected file is in the checkout, and in `packaged`."""
    found = [(Path(name), Path(name)) for name in ("VERSION", "CHANGELOG.md")]
    found.append((Path("micropython_lib/fqt.pyi"), Path("stubs/fqt.pyi")))
    for folder, patterns in {
        "examples/rotated_digits": ("*.py", "*.md", "*.npz", "*.fqt"),
        "dist": ("*_*/fqt*.mpy", "*_*/package*.json"),
    }.items():
        for path in sorted(path for pattern in patterns for path in Path(folder).glob(pattern)):
            place = path.relative_to("dist") if folder == "dist" else path
            found.append((path, Path("modules") / place if folder == "dist" else place))
    return found


class BuildFiles(build_py):
    def run(self):
        super().run()
        if not self.editable_mode:
            for source, place in packaged_files():
                target = Path(self.build_lib) / PACKAGED / place
                self.mkpath(str(target.parent))
                self.copy_file(str(source), str(target))

    def get_outputs(self, include_bytecode=True):
        outputs = super().get_outputs(include_bytecode)
        if self.editable_mode:
            return outputs
        return outputs + [
            str(Path(self.build_lib) / PACKAGED / place) for _, place in packaged_files()
        ]

    def get_source_files(self):
        return super().get_source_files() + [str(source) for source, _ in packaged_files()]


class BuildLibraries(build_ext):
    def run(self):
        if not self.editable_mode:
            super().run()

    def get_outputs(self):
        return [] if self.editable_mode else super().get_outputs()

    def get_output_mapping(self):
        return {} if self.editable_mode else super().get_output_mapping()

    def get_ext_filename(self, fullname):
        return str(Path(*fullname.split("."))) + SUFFIX

    def get_export_symbols(self, extension):
        return extension.export_symbols  # no PyInit: these are no modules

    def build_extensions(self):
        # Python's linker flags may name the folder of Python's own library, not needed here.
        if linker := getattr(self.compiler, "linker_so", None):
            kept = [flag for flag in linker if not flag.startswith(("-L", "-Wl,-rpath"))]
            self.compiler.linker_so = kept
        super().build_extensions()

    def build_extension(self, extension):
        objects = self.build_temp
        self.build_temp = str(Path(objects) / extension.name)  # both are of the same source
        try:
            super().build_extension(extension)
        finally:
            self.build_temp = objects


class Wheel(bdist_wheel):
    def get_tag(self):
        platform = super().get_tag()[2]
        libraries = Path(self.bdist_dir).glob(f"**/*{SUFFIX}")
        return "py3", "none", portable(platform, [path.read_bytes() for path in libraries])


def portable(platform: str, libraries: list[bytes]) -> str:
    """The name of all Linux whose C library has what these need; the platform as it is where that
    cannot be said. They need nothing else (tests/release holds that)."""
    machine = platform.removeprefix("linux_")
    versions = [re.findall(rb"\0GLIBC_2\.(\d+)", library) for library in libraries]
    if machine == platform or not libraries or not all(versions):
        return platform
    newest = max(int(version) for found in versions for version in found)
    return f"manylinux_2_{max(newest, OLDEST_GLIBC)}_{machine}"


setup(
    options={"build": {"build_base": "build/setuptools"}},  # build/ itself is the Makefile's
    ext_modules=libraries(),
    cmdclass={"build_py": BuildFiles, "build_ext": BuildLibraries, "bdist_wheel": Wheel},
)
