"""`fqt doctor`: what is installed here, what a board has, and what does not fit together.

One version goes through host tools, core and modules (the file VERSION), and a board should have
the module of it. Python's packages that parts of the tools need are optional; the table says what
is missing, and for what.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from fqt import places
from fqt.desk.micropython import find_micropython
from fqt.device.install import QUESTION, loader_of, module_for
from fqt.device.session import Session
from fqt.run.library import library, library_path
from fqt.version import __version__

DISTRIBUTION = "fqt-host"
TELL_VERSION = "import fqt; print(fqt.__version__)"
# Whether the module is there, and from where; what RAM is free without it.
BOARD_QUESTION = (
    "import gc; gc.collect(); print('fqt free', gc.mem_free())\n"
    "try:\n"
    "    import fqt; print('fqt module', fqt.__version__, getattr(fqt, '__file__', 'firmware'))\n"
    "except ImportError: print('fqt none')\n"
)


@dataclass(frozen=True)
class Finding:
    """A line of the answer. wrong: what does not fit, and what to do."""

    what: str
    found: str
    wrong: str = ""

    def __str__(self) -> str:
        return f"{self.what:<14}{self.found}" + (f"\n{'':14}! {self.wrong}" if self.wrong else "")


def examine(port: str | None = None) -> Iterator[Finding]:
    """Findings about this machine, and with a port about the board there."""
    where = places.PACKAGED.parent if places.is_packaged() else places.CHECKOUT
    kind = "package" if places.is_packaged() else "checkout"
    wrong = wrong_version(installed_version(), "install it anew")
    yield Finding("fqt", f"{__version__}, {kind} {where}", wrong)
    yield Finding("Python", f"{platform.python_version()}, {platform.platform()}")
    yield core()
    yield from modules(places.modules())
    yield micropython()
    yield from packages()
    if port:
        yield from board(port)


def wrong_version(found: str | None, remedy: str) -> str:
    """Why a version does not fit, and what to do; "" when it does."""
    if found == __version__:
        return ""
    return f"it is of {found or 'no version that pip knows'}, fqt of {__version__}: {remedy}"


def installed_version() -> str | None:
    try:
        return metadata.version(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return None


def core() -> Finding:
    """The library, and whether it is of this version."""
    try:
        version = library().fqt_host_version().decode()
        path = library()._name
    except OSError as error:
        return Finding("core", "none", str(error))
    found = f"{version}, {path}"
    if library_path() != places.core_library():
        found += " (FQT_CORE_LIB)"
    return Finding("core", found, wrong_version(version, places.remedy("`make core`")))


def modules(folder: Path) -> Iterator[Finding]:
    """The modules for boards, and whether each is of this version."""
    found = sorted(folder.glob("*/fqt.mpy"))
    if not found:
        yield Finding("modules", f"none in {folder}", places.remedy("`make dist`"))
        return
    yield Finding("modules", ", ".join(str(path.relative_to(folder)) for path in found))
    others = [path for path in found if not is_of(path, __version__)]
    if others:
        names = ", ".join(str(path) for path in others)
        yield Finding("", names, f"not of version {__version__}: {places.remedy('`make dist`')}")


def is_of(module: Path, version: str) -> bool:
    """Whether a module is of a version: it has it as a text between others."""
    text = re.escape(version.encode())
    return re.search(rb"(?<![\d.])" + text + rb"(?![\d.])", module.read_bytes()) is not None


def micropython() -> Finding:
    """MicroPython on this machine, and the module that it loads."""
    try:
        found, sentence = find_micropython()
        if found is None:
            return Finding("MicroPython", sentence)
        version = found.run(TELL_VERSION).strip()
    except (OSError, ValueError) as error:
        return Finding("MicroPython", "none that can be used", str(error))
    return Finding(
        "MicroPython",
        f"{sentence.removeprefix('MicroPython ')}, fqt {version} of {found.modules}",
        wrong_version(version, places.remedy("`make natmod`")),
    )


def packages() -> Iterator[Finding]:
    """What parts of the tools need, as the package's metadata name it."""
    by_extra: dict[str, list[str]] = {}
    try:
        requirements = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        return
    for requirement in requirements:
        name = re.split(r"[^\w.-]", requirement)[0]
        found = re.search(r"extra == ['\"]([\w-]+)['\"]", requirement)
        by_extra.setdefault(found[1] if found else "", []).append(name)
    for extra, names in by_extra.items():
        versions = {name: version_of(name) for name in names}
        missing = [name for name, version in versions.items() if version is None]
        told = ", ".join(f"{name} {version or 'missing'}" for name, version in versions.items())
        if missing and extra:
            told += f" (pip install '{DISTRIBUTION}[{extra}]')"
        wrong = f"pip install {' '.join(missing)}" if missing and not extra else ""
        yield Finding(f"[{extra}]" if extra else "packages", told, wrong)


def version_of(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def board(port: str) -> Iterator[Finding]:
    """What the board on a port can load, and what it has."""
    try:
        with Session(port) as session:
            loader = loader_of(session.run(QUESTION))
            release = ".".join(map(str, loader.micropython))
            yield Finding("board", f"{port}: MicroPython {release}, loads {loader.architecture}")
            module_for(loader, places.modules())
            answer = session.run(BOARD_QUESTION)
    except (OSError, ValueError) as error:
        yield Finding("board", port, str(error))
        return
    yield understood(answer)


def understood(answer: str) -> Finding:
    """What the board answered to BOARD_QUESTION."""
    free = re.search(r"fqt free (\d+)", answer)
    room = f"{free[1]} bytes of RAM free" if free else "it does not tell its RAM"
    module = re.search(r"fqt module (\S+) (\S+)", answer)
    if module:
        wrong = wrong_version(module[1], "`fqt install` puts this version there")
        return Finding("on the board", f"fqt {module[1]}, {module[2]}; {room} before", wrong)
    if "fqt none" in answer:
        return Finding("on the board", f"no fqt; {room}", "`fqt install` puts it there")
    last = answer.strip().splitlines()[-1:]
    return Finding("on the board", room, f"import fqt fails: {' '.join(last)}")
