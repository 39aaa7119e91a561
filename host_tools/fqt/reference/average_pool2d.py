"""Average pooling: each output is the mean of its window, at a scale of its own (sections 4 and
6)."""

from __future__ import annotations

import numpy as np

from fqt.reference.conv2d import windows_of
from fqt.reference.tensor import Tensor


def taps(record) -> int:
    """Elements of a window."""
    return record.kernel[0] * record.kernel[1]


def forward(x: Tensor, record) -> np.ndarray:
    """x [height][width][channels] -> sums int64 [out_height][out_width][channels], to be divided
    by taps"""
    return windows_of(x.centred(), record.kernel, record.stride).sum(axis=(2, 3))


def error(x: Tensor, errors: np.ndarray, record) -> np.ndarray:
    """errors int8 [out_height][out_width][channels] -> sums int64 [height][width][channels], to be
    divided by taps: of the windows that cover an element"""
    sums = np.zeros(x.shape, np.int64)
    rows, columns = errors.shape[:2]
    stride_height, stride_width = record.stride
    for ky in range(record.kernel[0]):
        for kx in range(record.kernel[1]):
            tap_rows = slice(ky, ky + rows * stride_height, stride_height)
            tap_columns = slice(kx, kx + columns * stride_width, stride_width)
            sums[tap_rows, tap_columns][:rows, :columns] += errors
    return sums
