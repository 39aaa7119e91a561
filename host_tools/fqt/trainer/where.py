"""The places that `--on` names."""

from __future__ import annotations

from fqt.trainer.on_desk import MODELS, Desk
from fqt.trainer.on_device import unix_port
from fqt.trainer.run import Place

HELP = "core (this machine), reference (the same in numpy, slow), unix (MicroPython here)"


def place_of(name: str) -> Place:
    """The place of a name. Raises OSError and ValueError when it is not there."""
    if name in MODELS:
        return Desk(name)
    if name == "unix":
        return unix_port()
    raise ValueError(f"--on takes {HELP}, not {name!r}")
