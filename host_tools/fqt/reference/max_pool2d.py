"""Max pooling: the greatest of each window; its error goes to the first that reached it (sections
4 and 6)."""

from __future__ import annotations

import numpy as np

from fqt.reference.fixed import Scale
from fqt.reference.layer import Layer
from fqt.reference.window import windows_of

BELOW_ALL = -129  # in the padding: never the greatest


def _flat_windows(layer: Layer) -> np.ndarray:
    """[oy][ox][tap][c], taps row by row."""
    windows = windows_of(layer.inputs[0].values.astype(np.int64), layer.record, BELOW_ALL)
    return windows.reshape(*windows.shape[:2], -1, windows.shape[4])


def forward(layer: Layer) -> tuple[np.ndarray, list[Scale]]:
    """x [height][width][channels] -> [out_height][out_width][channels]"""
    return _flat_windows(layer).max(axis=2), [Scale.from_int(1)]


def error(layer: Layer, which: int, errors: np.ndarray) -> tuple[np.ndarray, list[Scale]]:
    """errors [out_height][out_width][channels] -> [height][width][channels]"""
    record = layer.record
    height, width, channels = layer.inputs[0].shape
    top, bottom, left, right = record.padding
    accumulators = np.zeros((height + top + bottom, width + left + right, channels), np.int64)
    first = _flat_windows(layer).argmax(axis=2)
    oy, ox, c = np.indices(errors.shape)
    iy = oy * record.stride[0] + first // record.kernel[1]
    ix = ox * record.stride[1] + first % record.kernel[1]
    np.add.at(accumulators, (iy, ix, c), errors)
    accumulators = accumulators[top : top + height, left : left + width]
    return accumulators, [Scale.unpack(layer.output.error_scale)]
