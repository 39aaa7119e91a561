"""Emulated boards on a serial line, used as a user uses a real one: by mpremote as a program, or
by a session in this process.

The boards' firmware is built by `make firmware` from tests/emulated/boards.
"""

from __future__ import annotations

import os
import re
import subprocess
import weakref
from dataclasses import dataclass
from pathlib import Path

from fqt.device.mpremote import run
from fqt.device.session import Session
from fqt.places import build

PATIENCE = 300  # seconds that a call may say nothing


@dataclass(frozen=True)
class Kind:
    """An emulated board and the architecture whose module is put on it. builds: the folder of its
    firmware among the builds."""

    board: str
    architecture: str
    machine: str
    emulator: str = "qemu-system-arm"
    options: tuple[str, ...] = ()
    builds: str = "firmware"

    def __str__(self) -> str:
        return f"{self.board}-{self.architecture}"


KINDS = [
    Kind("CORTEX_M3", "armv6m", "mps2-an385"),
    Kind("CORTEX_M3", "armv7m", "mps2-an385"),
    Kind("CORTEX_M4F", "armv7emsp", "mps2-an386"),
    Kind("CORTEX_M7F", "armv7emdp", "mps2-an500"),
    Kind("RV32", "rv32imc", "virt", "qemu-system-riscv32", ("-bios", "none")),
    Kind("XTENSA", "xtensawin", "lx60-nommu", "qemu-system-xtensa"),
]


def module(architecture: str, kinds: str = "natmod") -> Path:
    """The native module of those that were built: natmod, the common one; natmod_all, with all
    layer kinds; natmod_profile, which can take a training step apart."""
    return build() / kinds / architecture / "fqt.mpy"


def firmware(kind: Kind) -> Path:
    """MicroPython for a board: kind.builds is "firmware" with the heap of a small one (190 KB),
    "firmware_large_heap" of a large one (456 KB), "firmware_models" as with external RAM (2.5
    MB)."""
    return build() / kind.builds / kind.board / "firmware.elf"


class Board:
    """A board that runs. `options` are more arguments for the emulator."""

    def __init__(self, kind: Kind, folder: Path, options: tuple[str, ...] = ()):
        self.kind = kind
        self.folder = folder
        self.waiting: list[str] = []
        path = firmware(kind)
        if not path.exists():
            raise OSError(f"{path} is missing: build it with `make firmware` or `make bench`")
        command = [kind.emulator, "-machine", kind.machine, *kind.options, *options]
        command += ["-nographic", "-monitor", "null", "-semihosting", "-serial", "pty"]
        try:
            self.emulator = subprocess.Popen(
                [*command, "-kernel", str(path)],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        except FileNotFoundError:
            raise OSError(f"there is no {kind.emulator}: `make firmware` installs it") from None
        weakref.finalize(self, self.emulator.kill)  # also where nobody came to close it
        assert self.emulator.stdout
        line = self.emulator.stdout.readline()
        found = re.search(r"/dev/pts/\d+", line)
        if not found:
            raise OSError(f"{kind.emulator} did not start: {line}")
        self.port = found.group()
        # The emulator looks once a second whether somebody has opened the line: it is kept open.
        self.line = os.fdopen(os.open(self.port, os.O_RDWR | os.O_NOCTTY), "rb", buffering=0)

    def close(self) -> None:
        self.line.close()
        self.emulator.kill()
        self.emulator.wait()

    def mpremote(self, *arguments: str, check: bool = True) -> str:
        """Run mpremote on the board; give all that it printed."""
        code, said = run(self.port, *arguments, seconds=PATIENCE, folder=self.folder)
        if check and code:
            raise RuntimeError(f"mpremote {' '.join(arguments)}: {said}")
        return said

    def put(self, name: str, data: bytes) -> None:
        """The file goes to the board before the next run, together with others."""
        (self.folder / name).write_bytes(data)
        self.waiting.append(name)

    def get(self, name: str) -> bytes:
        with Session(self.port, PATIENCE) as session:
            return session.get(name)

    def run(self, script: Path) -> str:
        """Run a script; give what it printed. Raises RuntimeError with its output when it
        fails."""
        if self.waiting:
            with Session(self.port, PATIENCE) as session:
                for name in self.waiting:
                    session.put(name, (self.folder / name).read_bytes())
            self.waiting = []
        with Session(self.port, PATIENCE) as session:  # whose heap has nothing of the copies
            printed, error = session.execute(script.read_text())
        if error:
            raise RuntimeError(f"{script.name}: {printed}{error}")
        return printed
