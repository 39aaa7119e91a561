"""The places that `--on` names."""

from __future__ import annotations

import re

from fqt.trainer.on_board import EMULATED, SerialBoard, emulated_board
from fqt.trainer.on_desk import MODELS, Desk
from fqt.trainer.on_device import unix_port
from fqt.trainer.run import Place

HELP = (
    "core (this machine), reference (the same in numpy, slow), unix (MicroPython here), "
    f"emulated:CORE ({', '.join(EMULATED)}; in a checkout), or a board's port, as /dev/ttyACM0, "
    "COM3, or auto: the first that is found"
)
PORT = re.compile(r"/.+|COM\d+|id:.+|port:.+|socket:.+|rfc2217:.+", re.IGNORECASE)


def place_of(name: str) -> Place:
    """The place of a name. Raises OSError and ValueError when it is not there."""
    if name in MODELS:
        return Desk(name)
    if name == "unix":
        return unix_port()
    if name.startswith("emulated:"):
        return emulated_board(name.removeprefix("emulated:"))
    if name == "auto" or PORT.fullmatch(name):
        return SerialBoard(name)
    raise ValueError(f"--on takes {HELP}, not {name!r}")
