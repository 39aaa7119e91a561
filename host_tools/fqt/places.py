"""Where the files are that are no Python of the host's: the core's library, the modules for
boards, the device's stubs, the demo. A checkout has them where `make` puts them; an installed
package brings them along in `packaged`, where setup.py puts them.

$FQT_CORE_LIB names another library, $FQT_BUILD another folder of builds.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

PACKAGED = Path(__file__).resolve().parent / "packaged"
CHECKOUT = Path(__file__).resolve().parents[2]
LIBRARY = "libfqt_core" + {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")


def is_packaged() -> bool:
    """Whether this is an installed package, not a checkout."""
    return PACKAGED.is_dir()


def version() -> str:
    return ((PACKAGED if is_packaged() else CHECKOUT) / "VERSION").read_text().strip()


def build() -> Path:
    """The folder of a checkout's builds. Raises OSError where there is none."""
    named = os.environ.get("FQT_BUILD")
    if is_packaged() and not named:
        raise OSError(
            "emulated boards are no part of the package: set FQT_BUILD to the folder build of a "
            "checkout where `make firmware` ran"
        )
    return Path(named or CHECKOUT / "build")


def core_library() -> Path:
    """The core's shared library, which may be missing. A checkout calls it .so everywhere."""
    if is_packaged():
        return PACKAGED / "core" / LIBRARY
    return CHECKOUT / "build" / "libfqt_core.so"


def modules() -> Path:
    """The folder with a folder of each architecture, as `make dist` writes it."""
    return PACKAGED / "modules" if is_packaged() else CHECKOUT / "dist"


def examples() -> Path:
    return (PACKAGED if is_packaged() else CHECKOUT) / "examples"


def stubs() -> Path:
    """fqt.pyi: the interface of the device's module."""
    folder = PACKAGED / "stubs" if is_packaged() else CHECKOUT / "micropython_lib"
    return folder / "fqt.pyi"


def remedy(command: str) -> str:
    """What to do when a file is missing or does not fit that this command builds in a checkout."""
    if is_packaged():
        return "this installation is not whole: `pip install --force-reinstall --no-deps fqt-host`"
    return f"build it with {command} in {CHECKOUT}"
