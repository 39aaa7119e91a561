"""Average pooling: each output is the mean of its window, at a scale of its own (sections 4 and
6)."""

from __future__ import annotations

import math

import numpy as np

from fqt.reference.fixed import Scale
from fqt.reference.layer import Layer
from fqt.reference.window import scattered, windows_of


def _taps(layer: Layer) -> Scale:
    """Elements of a window."""
    return Scale.from_int(layer.record.kernel[0] * layer.record.kernel[1])


def forward(layer: Layer) -> tuple[np.ndarray, list[Scale]]:
    """x [height][width][channels] -> sums [out_height][out_width][channels], a quarter of a tap's
    part each; where the scale stays, a quarter away from 0 decides what lies halfway between two
    int8 numbers"""
    sums = windows_of(layer.inputs[0].centred(), layer.record).sum(axis=(2, 3))
    zero = -layer.inputs[0].zero_point * math.prod(layer.record.kernel)
    quarter = int(layer.inputs[0].scale == layer.output.scale)
    quarters = 4 * sums + np.where(sums < zero, -quarter, quarter)
    return quarters, [(layer.input_unit / _taps(layer)).shifted(-2)]


def error(layer: Layer, which: int, errors: np.ndarray) -> tuple[np.ndarray, list[Scale]]:
    """errors [out_height][out_width][channels] -> sums [height][width][channels], a tap's part
    each: of the windows that cover an element"""
    sums = scattered(lambda ky, kx: errors, errors.shape, layer.inputs[0].shape, layer.record)
    return sums, [Scale.unpack(layer.output.error_scale) / _taps(layer)]
