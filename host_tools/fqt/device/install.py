"""`fqt install`: put the module that fits onto a board, or say why none does.

mip does not choose the architecture, and a board that gets the wrong file only says "incompatible
.mpy"; so the board is asked first what it can load (sys.implementation._mpy).
"""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

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
}
QUESTION = (
    "import sys; i = sys.implementation; "
    "print('fqt', getattr(i, '_mpy', -1), i.version[0], i.version[1])"
)


@dataclass(frozen=True)
class Loader:
    """What a board can load. mpy: (version, sub-version) of its .mpy format."""

    architecture: str
    mpy: tuple[int, int]
    micropython: tuple[int, int]


def loader_of(answer: str) -> Loader:
    """Understand a board's answer to QUESTION. Raises ValueError that says what to do when it
    cannot load the
    module."""
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
            "official firmware for the board, or build one with MICROPY_EMIT_THUMB on"
        )
    if mpy != NEEDED_MPY or micropython < OLDEST_SAFE:
        raise ValueError(
            f"{release} on this board loads .mpy files of version {mpy[0]}.{mpy[1]}; the module "
            f"has {NEEDED_MPY[0]}.{NEEDED_MPY[1]} and needs MicroPython {oldest} or newer: "
            "flash that"
        )
    return Loader(ARCHITECTURES.get(architecture, f"number {architecture}"), mpy, micropython)


def install(dist: Path, port: str | None = None) -> str:
    """Copy dist/<architecture>_6.3/fqt.mpy to the board's /lib and import it; give what was done.

    port: mpremote's name of the board; None: the first that it finds. Raises OSError or
    ValueError.
    """
    loader = loader_of(_mpremote(port, "exec", QUESTION))
    module = dist / f"{loader.architecture}_{NEEDED_MPY[0]}.{NEEDED_MPY[1]}" / "fqt.mpy"
    if not module.exists():
        raise OSError(
            f"there is no {module}: build it with `make natmod ARCH={loader.architecture}` and "
            "`make dist`"
        )
    _mpremote(port, "exec", "import os\nif 'lib' not in os.listdir('/'): os.mkdir('/lib')")
    _mpremote(port, "cp", str(module), ":/lib/fqt.mpy")
    _mpremote(port, "exec", "import fqt; fqt.Model")
    return f"{module} is on the board as /lib/fqt.mpy: `import fqt` works"


def _mpremote(port: str | None, *arguments: str) -> str:
    connect = ["connect", port] if port else []
    command = [sys.executable, "-m", "mpremote", *connect, *arguments]
    result = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if result.returncode:
        raise OSError(f"mpremote {arguments[0]}: {result.stdout.strip()}")
    return result.stdout
