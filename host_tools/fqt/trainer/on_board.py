"""Places on a cable: a real board, or an emulated one on its serial line.

mpremote mounts the exchange's folder on the board and runs the script there. What the board saves
goes back over the line; samples lie in its flash while it trains, or where they have no room come
over the line as it takes them.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

from fqt.device.emulator import KINDS, Board, Kind, module
from fqt.device.install import needs_full
from fqt.device.mpremote import follow
from fqt.device.session import Session
from fqt.file.model_file import ModelFile
from fqt.trainer.exchange import Exchange
from fqt.trainer.on_device import Device

FLASH_QUESTION = (
    "import os; p = os.getcwd(); s = os.statvfs(p); print('fqt', p, s[0] * s[3])"  # free bytes
)
ROOM_LEFT = 32768  # of the flash, for what the board's own programs write
SILENT_SECONDS = 120  # a step of the greatest network on a slow board, and more


class SerialBoard(Device):
    """A board on a port, which has the module."""

    def __init__(self, port: str):
        self.name = self.port = port

    def lines(self, exchange: Exchange) -> Iterator[str]:
        with self._samples_in_flash(exchange):
            yield from follow(
                self._port,
                *("mount", str(exchange.folder), "run", str(exchange.script)),
                seconds=SILENT_SECONDS,
            )

    @contextlib.contextmanager
    def _samples_in_flash(self, exchange: Exchange) -> Iterator[None]:
        """Put the samples into the board's flash for a while, where there is room: from there they
        are read many times as fast."""
        data = exchange.samples.read_bytes()
        with Session(self._port) as session:
            found = re.search(r"fqt (\S+) (\d+)", session.run(FLASH_QUESTION))
            if not found or int(found[2]) < len(data) + ROOM_LEFT:
                path = None
            else:
                path = f"{found[1].rstrip('/')}/{exchange.samples.name}"
                session.put(path, data)
        if path is None:
            yield
            return
        try:
            exchange.read_samples_at(path)
            yield
        finally:
            with contextlib.suppress(OSError), Session(self._port) as session:  # one that is gone
                session.run(f"import os; os.remove({path!r})")

    @property
    def _port(self) -> str | None:
        return None if self.port == "auto" else self.port


class EmulatedBoard(Device):
    """A board that is started for each run, with the module of this checkout that the model
    needs."""

    def __init__(self, name: str, kind: Kind):
        self.name, self.kind = name, kind

    def lines(self, exchange: Exchange) -> Iterator[str]:
        full = needs_full([ModelFile.read(exchange.model)])
        built = module(self.kind.architecture, "natmod_all" if full else "natmod").read_bytes()
        board = Board(self.kind, exchange.folder)
        with contextlib.closing(board):
            with Session(board.port) as session:
                session.put("/fqt.mpy", built)
            yield from SerialBoard(board.port).lines(exchange)


# The names of fqt bench's cores, and those of other boards.
EMULATED = {
    "m0p": "armv6m",
    "m3": "armv7m",
    "m4": "armv7emsp",
    "m7": "armv7emdp",
    "riscv": "rv32imc",
    "esp32": "xtensawin",
}


def emulated_board(core: str) -> EmulatedBoard:
    """The board `emulated:CORE`. Raises ValueError for an unknown one."""
    if core not in EMULATED:
        raise ValueError(f"emulated boards are {', '.join(EMULATED)}, not {core!r}")
    kind = next(kind for kind in KINDS if kind.architecture == EMULATED[core])
    return EmulatedBoard(f"emulated:{core}", kind)
