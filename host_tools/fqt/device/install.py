"""`fqt install`: put the module that fits onto a board, or say why none does. `fqt deploy`
(deploy.py) does the same, and brings a model.

mip does not choose the architecture, and a board that gets the wrong file only says "incompatible
.mpy"; so the board is asked first what it can load (sys.implementation._mpy). It is asked too
where the module can go: many ports mount their file system at /flash, and it may be read-only or
full (install_device.py). The module is the common one, which takes less RAM, unless a model needs
the full one.
"""

from __future__ import annotations

import ast
import errno
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from fqt import places
from fqt.device.session import Session
from fqt.file.model_file import ModelFile
from fqt.kinds import beyond_common
from fqt.version import __version__

NEEDED_MPY = (6, 3)
OLDEST_SAFE = (1, 24)  # before, the collector does not track a native module's memory
# The numbers in .mpy headers and _mpy. A Cortex-M board names the greatest that it can load.
ARCHITECTURES = {
    1: "x86",
    2: "x64",
    3: "armv6",
    4: "armv6m",
    5: "armv7m",
    6: "armv7m",  # armv7em: nothing is built for it alone
    7: "armv7emsp",
    8: "armv7emdp",
    9: "xtensa",
    10: "xtensawin",
    11: "rv32imc",
    12: "rv64imc",
}
# Those that `make dist` builds.
BUILT = ("armv6m", "armv7m", "armv7emsp", "armv7emdp", "rv32imc", "xtensawin", "x64")
SECOND_MODULES = {
    "fqt_data.mpy": "fqt.Recorder and fqt.Data",
    "fqt_field.mpy": "fqt.Replay and fqt.Threshold",
}
QUESTION = (
    "import sys; i = sys.implementation; "
    "print('fqt', getattr(i, '_mpy', -1), i.version[0], i.version[1])"
)
DEVICE_SCRIPT = Path(__file__).parent / "install_device.py"


@dataclass(frozen=True)
class Loader:
    """What a board can load. mpy: (version, sub-version) of its .mpy format."""

    architecture: str
    mpy: tuple[int, int]
    micropython: tuple[int, int]


def loader_of(answer: str) -> Loader:
    """Understand a board's answer to QUESTION. Raises ValueError that says what to do when it
    cannot load the module."""
    found = re.search(r"fqt (-?\d+) (\d+) (\d+)", answer)
    if not found:
        raise ValueError(f"this is no MicroPython that answers: {answer.strip()[-200:]!r}")
    value, *version = (int(number) for number in found.groups())
    micropython = (version[0], version[1])
    release = f"MicroPython {micropython[0]}.{micropython[1]}"
    oldest = f"{OLDEST_SAFE[0]}.{OLDEST_SAFE[1]}"
    if value < 0:
        raise ValueError(f"{release} on this board loads no .mpy files: flash {oldest} or newer")
    mpy = (value & 0xFF, value >> 8 & 3)
    architecture = value >> 10 & 0x0F
    if architecture == 0:
        raise ValueError(
            f"{release} on this board was built without a loader for native code: flash the "
            "official firmware for the board, or build one with MICROPY_EMIT_THUMB on (from "
            "1.28 on MICROPY_PERSISTENT_CODE_LOAD_NATIVE is enough)"
        )
    if mpy != NEEDED_MPY or micropython < OLDEST_SAFE:
        raise ValueError(
            f"{release} on this board loads .mpy files of version {mpy[0]}.{mpy[1]}; the module "
            f"has {NEEDED_MPY[0]}.{NEEDED_MPY[1]} and needs MicroPython {oldest} or newer: "
            "flash that"
        )
    return Loader(ARCHITECTURES.get(architecture, f"number {architecture}"), mpy, micropython)


def install(
    dist: Path, port: str | None = None, full: bool = False, loader: Loader | None = None
) -> str:
    """Copy dist/<architecture>_6.3/fqt.mpy to the board and import it there; return what was done.
    full: that with all layer kinds, of dist/<architecture>_6.3_full/. loader: what the board told
    that it loads; None: it is asked.

    A module that is on the board is replaced where it lies, since `import` would find it first;
    otherwise the new one goes to the first folder of the board's sys.path with room for it, those
    named lib first, as mip does. SECOND_MODULES go there too. A file that has the right bytes is
    not copied. Each takes its name when it is whole; whatever fails, no part of it stays. When the
    new one was imported, others behind it on sys.path are removed: they would come back when it is
    deleted, or the current folder is another. port: mpremote's name of the board; None: the first
    that it finds. Raises OSError or ValueError.
    """
    with Session(port) as board:
        module = module_for(loader or loader_of(board.run(QUESTION)), dist, full)
        board.run(DEVICE_SCRIPT.read_text())
        was = version_of(board.run("tell_version()"))
        path, is_new = put_module(board, module)
        paths, said = _put_second_modules(board, module.parent)
    with Session(port) as board:  # which has imported nothing
        board.run(DEVICE_SCRIPT.read_text())
        check_import(board.run("try_import()"), path)
        said += "".join(_remove_others(board, kept) for kept in (path, *paths))
    told = f"fqt {__version__} is on the board as {path}"
    if not is_new:
        told += " already"
    elif was is not None:
        told += f", was {was or 'one that it could not import'}"
    return f"{told}: `import fqt` works{said}"


def put_module(board: Session, module: Path) -> tuple[str, bool]:
    """Put a module where `import` finds it; give its path on the board, and whether it had to be
    copied. Raises OSError."""
    size = module.stat().st_size
    answer = board.run(f"find_place({module.name!r}, {size}, {digest_of(module)!r})")
    folder, is_there = folder_of(answer, size, module.name)
    path = f"{folder}/{module.name}"
    if not is_there:
        board.put(path, module.read_bytes())
    return path, not is_there


def _put_second_modules(board: Session, folder: Path) -> tuple[list[str], str]:
    """Put what few need there too; without it fqt works. Gives the paths on the board, and a text
    about what it lacks."""
    paths, said = [], ""
    for name, classes in SECOND_MODULES.items():
        try:
            if (folder / name).exists():
                paths.append(put_module(board, folder / name)[0])
        except OSError as error:
            said += f"; but {classes} are not there, {name}: {error}"
    return paths, said


def _remove_others(board: Session, kept: str) -> str:
    """Remove modules of the same name that `import` finds behind this one; a text about them."""
    answer = board.run(f"remove_others({kept.rpartition('/')[2]!r}, {kept!r})")
    found = re.search(r"fqt removed (.*)", answer)
    gone, stay = ast.literal_eval(found[1].strip()) if found else ([], [])
    told = [f"; {path}, which it does not find, was removed" for path in gone]
    told += [f"; {path}, which it does not find, cannot be removed" for path in stay]
    return "".join(told)


def digest_of(path: Path) -> str:
    """SHA-256, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def version_of(answer: str) -> str | None:
    """Understand what tell_version() printed: None where no module was, "" where it could not be
    imported."""
    found = re.search(r"fqt was (None|'[^']*')", answer)
    return ast.literal_eval(found[1]) if found else ""


def needs_full(models: Iterable[ModelFile]) -> bool:
    """Whether one of these models has a layer of a kind that the common module lacks."""
    return bool(beyond_common({layer.kind for model in models for layer in model.layers}))


def module_for(loader: Loader, dist: Path, full: bool = False) -> Path:
    """The built module that a board can load; with `full` that with all layer kinds. Raises
    ValueError when fqt is not built for its architecture, OSError when that was not done yet."""
    if loader.architecture not in BUILT:
        raise ValueError(
            f"this board loads native code for {loader.architecture}, for which fqt is not "
            f"built as a module: it is for {', '.join(BUILT)}. As a part of the firmware it runs "
            "on this board too: docs/firmware.md says how to build that"
        )
    name = f"{loader.architecture}_{NEEDED_MPY[0]}.{NEEDED_MPY[1]}{'_full' if full else ''}"
    module = dist / name / "fqt.mpy"
    if not module.exists():
        raise OSError(
            f"there is no {module}: " + places.remedy(f"`make dist ARCH={loader.architecture}`")
        )
    return module


def folder_of(answer: str, size: int, name: str = "fqt.mpy") -> tuple[str, bool]:
    """Understand what find_place() printed on a board: the folder for a module, and whether it
    has the right bytes there; "" is the board's root. Raises OSError that says of every folder
    why the module cannot go there."""
    found = re.search(r"fqt (place|nowhere) (.*)", answer)
    if not found:
        raise OSError(f"the board cannot tell its folders: {answer.strip()[-200:]}")
    kind, value = found.group(1), ast.literal_eval(found.group(2).strip())
    if kind == "place":
        return value
    reasons = [
        f"{folder or '/'} {_why_not(folder, name, what, number, size)}"
        for folder, what, number in value
    ]
    raise OSError(
        "no folder of the board's sys.path can take the module: "
        + ("; ".join(reasons) or "sys.path names none: append one, `sys.path.append('/lib')`")
    )


def _why_not(folder: str, name: str, what: str, number: int, size: int) -> str:
    if what == "free" or number == errno.ENOSPC:
        free = f"{number} bytes free" if what == "free" else "no room"
        return (
            f"has {free}, the module takes {size}: remove what is not needed, "
            f"also an older `mpremote rm :{folder}/{name}`"
        )
    if number == errno.EROFS:
        return "is read-only: mount it writable (boot.py or the firmware decides)"
    name = errno.errorcode.get(number, f"errno {number}")
    if number in (errno.ENODEV, errno.ENOENT):
        return f"is not there and cannot be made ({name}): mount its file system first"
    return f"cannot be written ({name})"


def check_import(answer: str, path: str) -> None:
    """Understand what try_import() printed. Raises OSError when another file than `path` was
    imported."""
    found = re.search(r"fqt imports (.*)", answer)
    imported = ast.literal_eval(found.group(1).strip()) if found else answer.strip()
    if imported != path:
        raise OSError(
            f"{path} is on the board, but `import fqt` finds {imported} first: remove that, "
            f"`mpremote rm :{imported}`"
        )
