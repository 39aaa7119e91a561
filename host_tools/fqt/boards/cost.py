"""What a prediction and a training step take on a board: cycles, milliseconds, millijoules, each
with its range.

Cycles are those of a core that `fqt bench` counts, by the fit of costs.json (`make estimates`);
other cores take a ratio of them, of what was counted on both (costs.json). A range is the product
of their ranges, and of what cores.toml says of the model.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache

from fqt.boards import fit
from fqt.boards.table import FOLDER, Board
from fqt.file.model_file import ModelFile
from fqt.kinds import beyond_common

COSTS = FOLDER / "costs.json"


@dataclass(frozen=True)
class Range:
    """The least, the likely and the greatest of a figure."""

    least: float
    likely: float
    most: float

    def times(self, least: float, likely: float, most: float) -> Range:
        return Range(self.least * least, self.likely * likely, self.most * most)

    def __str__(self) -> str:
        return f"{short(self.likely)} ({short(self.least)} to {short(self.most)})"


def short(value: float) -> str:
    """Three digits: 0.0123, 4.56, 1,230."""
    rounded = float(f"{value:.3g}")
    return f"{rounded:,.0f}" if rounded >= 100 else f"{rounded:g}"


@dataclass(frozen=True)
class Call:
    """A prediction or a training step on a board. energy: millijoules; None where the board's
    power is unknown."""

    cycles: Range
    milliseconds: Range
    energy: Range | None


@dataclass(frozen=True)
class Flash:
    """Parameters that are frozen, where they are used in slow flash instead of RAM. count: their
    bytes; cycles: what a call takes longer that reads all of them once; stays: whether the cache
    has room for all, so that the calls behind the first find them there."""

    count: int
    cycles: float
    milliseconds: float
    stays: bool


@cache
def costs() -> dict:
    return json.loads(COSTS.read_text())


def calls_of(model: ModelFile, board: Board) -> dict[str, Call]:
    """By "predict", and "step" where a layer of the model trains."""
    counted = costs()["cores"][board.core.counted]
    found = {}
    for call, cycles in fit.cycles_of(counted["coefficients"], model).items():
        low, high = counted["range"][call]
        span = Range(cycles, cycles, cycles).times(low, 1, high).times(*board.core.ratio)
        if board.core.shares_bus:  # how much that costs is known within bounds
            span = span.times(*counted["bus"][call])
        if board.core.model:
            span = span.times(*costs()["ratios"][board.core.model][call])
        a_millisecond = board.clock_mhz * 1000
        time = span.times(*[1 / a_millisecond] * 3)
        energy = None
        if board.volts is not None and board.milliamperes is not None:
            lowest, highest = (board.volts * current / 1000 for current in board.milliamperes)
            energy = time.times(lowest, (lowest + highest) / 2, highest)
        found[call] = Call(span, time, energy)
    return found


def module_bytes(model: ModelFile, architecture: str) -> tuple[int, int]:
    """RAM that `import fqt` takes on a board of that architecture, and the module's file: of the
    common module, or the full one where the model needs it."""
    which = "full" if beyond_common({layer.kind for layer in model.layers}) else "common"
    ram, file = costs()["modules"][which][architecture]
    return ram, file


def flash_of(model: ModelFile, board: Board) -> Flash | None:
    """None where nothing is frozen, or where what a read of the board's flash takes is unknown."""
    frozen = [layer.weights for layer in model.layers if not layer.trainable]
    count = sum(weights.size for weights in frozen if weights is not None)
    if not count or board.xip_cycles is None or board.xip_bytes is None:
        return None
    cycles = count * board.xip_cycles
    return Flash(count, cycles, cycles / (board.clock_mhz * 1000), count <= board.xip_bytes)
