"""The table of boards and of their cores: boards.toml and cores.toml, read and checked."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Core:
    """A core. counted: the one that `fqt bench` counts on whose cycles are taken; ratio: cycles
    for one of these, least, likely and most, or where a model counts this core too, for one of
    the model's; shares_bus: besides, a module's code shares the bus of its data, which is counted
    too; source: where all this is from."""

    name: str
    counted: str
    ratio: tuple[float, float, float]
    source: str
    model: str = ""
    shares_bus: bool = False


@dataclass(frozen=True)
class Board:
    """A board, as boards.toml tells of its fields. None: unknown. A figure's source is the field
    of its name with _source: power_source for volts and milliamperes."""

    key: str
    name: str
    core: Core
    architecture: str
    clock_mhz: float
    clock_source: str
    ram_bytes: int | None = None
    ram_is_most: bool = False
    block_bytes: int | None = None
    ram_source: str = ""
    flash_bytes: int | None = None
    flash_source: str = ""
    volts: float | None = None
    milliamperes: tuple[float, float] | None = None
    power_source: str = ""
    xip_bytes: int | None = None
    xip_cycles: float | None = None
    xip_source: str = ""


@cache
def boards() -> dict[str, Board]:
    """All boards by their keys, in the order of boards.toml."""
    cores = {
        key: Core(**(fields | {"ratio": tuple(fields["ratio"])}))
        for key, fields in tomllib.loads((FOLDER / "cores.toml").read_text()).items()
    }
    found = {}
    for key, fields in tomllib.loads((FOLDER / "boards.toml").read_text()).items():
        if "milliamperes" in fields:
            fields["milliamperes"] = tuple(fields["milliamperes"])
        found[key] = Board(key, **(fields | {"core": cores[fields["core"]]}))
    return found


def board_of(key: str) -> Board:
    """Raises ValueError, with the names of all, when there is no such board."""
    if key not in boards():
        raise ValueError(f"no board is called {key!r}; there are {', '.join(boards())}")
    return boards()[key]
