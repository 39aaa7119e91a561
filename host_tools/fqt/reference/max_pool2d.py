"""Max pooling: the greatest of each window; its error goes to the first that reached it (sections
4 and 6)."""

from __future__ import annotations

import numpy as np

from fqt.reference.conv2d import padded, windows_of
from fqt.reference.tensor import Tensor

BELOW_ALL = -129  # in the padding: never the greatest


def flat_windows(x: Tensor, record) -> np.ndarray:
    """[oy][ox][tap][c], taps row by row."""
    values = padded(x.values.astype(np.int64), record.padding, BELOW_ALL)
    windows = windows_of(values, record.kernel, record.stride)
    return windows.reshape(*windows.shape[:2], -1, windows.shape[4])


def forward(x: Tensor, record) -> np.ndarray:
    """x [height][width][channels] -> int8 [out_height][out_width][channels]"""
    return flat_windows(x, record).max(axis=2).astype(np.int8)


def error(x: Tensor, errors: np.ndarray, record) -> np.ndarray:
    """errors int8 [out_height][out_width][channels] -> accumulators int64
    [height][width][channels]"""
    height, width, channels = x.shape
    top, bottom, left, right = record.padding
    accumulators = np.zeros((height + top + bottom, width + left + right, channels), np.int64)
    first = flat_windows(x, record).argmax(axis=2)
    oy, ox, c = np.indices(errors.shape)
    iy = oy * record.stride[0] + first // record.kernel[1]
    ix = ox * record.stride[1] + first % record.kernel[1]
    np.add.at(accumulators, (iy, ix, c), errors.astype(np.int64))
    return accumulators[top : top + height, left : left + width]
