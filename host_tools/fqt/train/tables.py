"""The tables by which a device computes activation functions: their entries, and the ranges that
they are made for, which training on the device does not move."""

from __future__ import annotations

import math

import numpy as np

from fqt.file.checks import LARGEST_SCALE, SMALLEST_SCALE
from fqt.file.records import Table
from fqt.kinds import KINDS
from fqt.layers.functions import FUNCTIONS
from fqt.layers.layer import Layer
from fqt.train.sequential import Sequential

RESERVE = 2.0  # so many times what calibration saw may come in training
# Where a function's outputs end, whatever its inputs: as LiteRT has them.
OUTPUT_RANGES = {"tanh": (1 / 128, 0), "sigmoid": (1 / 256, -128)}


def make_table(
    function: str, parameter: float, given: tuple[float, int], made: tuple[float, int]
) -> Table:
    """given, made: scale and zero point of the input and of the output. Outputs are to nearest,
    halves to even, as LiteRT's tables have them; derivatives too, the greatest at 127."""
    x = ((np.arange(-128, 128) - given[1]) * np.float32(given[0])).astype(np.float32)
    values = FUNCTIONS[function].value(x, parameter).astype(np.float32)
    outputs = np.rint(values * np.float32(1 / np.float32(made[0]))) + made[1]
    slopes = FUNCTIONS[function].derivative(x.astype(np.float64), parameter)
    peak = float(np.abs(slopes).max())
    scale = float(np.float32(min(max(peak / 127, SMALLEST_SCALE), LARGEST_SCALE)))
    derivatives = np.clip(np.rint(slopes / scale), -127, 127)
    return Table(np.clip(outputs, -128, 127).astype(np.int8), derivatives.astype(np.int8), scale)


def output_ends(function: str, parameter: float, least: float, greatest: float):
    """The least and the greatest output for inputs from least to greatest."""
    outputs = FUNCTIONS[function].value(np.linspace(least, greatest, 256), parameter)
    return float(outputs.min()), float(outputs.max())


def tables_of(net: Sequential, tensor: int) -> list[Layer]:
    """The layers with a table that are of a tensor's scale: its readers, also through layers that
    keep it."""
    found = []
    for reader in net.readers_of(tensor):
        kind = KINDS[net.layers[reader].kind]
        if kind.has_table:
            found.append(net.layers[reader])
        elif kind.keeps_scale:
            found += tables_of(net, reader + 1)
    return found


def reserved(
    tables: list[Layer], least: float, greatest: float, moves: bool
) -> tuple[float, float]:
    """The ends of a range that tables read: no further than where all of them are flat. least,
    greatest: what calibration saw. moves: whether training changes the numbers; then there is a
    reserve, and at least half of the way to where they are flat."""
    flat = [FUNCTIONS[table.activation].flat for table in tables]
    ends = min(end for end, _ in flat), max(end for _, end in flat)
    if not moves:
        return max(least, ends[0]), min(greatest, ends[1])
    reach = RESERVE * max(greatest, -least)
    return -_reserved_end(reach, -ends[0]), _reserved_end(reach, ends[1])


def _reserved_end(reach: float, flat: float) -> float:
    return reach if math.isinf(flat) else min(max(reach, flat / 2), flat)
