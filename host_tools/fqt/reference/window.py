"""Sliding windows: what convolutions and pooling read of their input, and the way back.

windows[oy, ox, ky, kx, c] = x[oy * stride_height + ky - top, ox * stride_width + kx - left, c]
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fqt.file.records import LayerRecord
from fqt.kinds import Shape


def windows_of(values: np.ndarray, record: LayerRecord, fill: int = 0) -> np.ndarray:
    """values [height][width][c] -> a view [oy][ox][ky][kx][c] with `fill` in the padding."""
    top, bottom, left, right = record.padding
    padded = np.pad(values, ((top, bottom), (left, right), (0, 0)), constant_values=fill)
    view = np.lib.stride_tricks.sliding_window_view(padded, (*record.kernel, 1))[..., 0]
    return view[:: record.stride[0], :: record.stride[1]].transpose(0, 1, 3, 4, 2)


def scattered(
    of_tap: Callable[[int, int], np.ndarray],
    output_shape: tuple[int, ...],
    input_shape: Shape,
    record: LayerRecord,
) -> np.ndarray:
    """int64 of the input's shape: the sum of what each tap adds to the elements that it read.
    of_tap: takes ky, kx; returns [oy][ox][c]."""
    height, width, channels = input_shape
    top, bottom, left, right = record.padding
    sums = np.zeros((height + top + bottom, width + left + right, channels), np.int64)
    rows, columns = output_shape[:2]
    for ky in range(record.kernel[0]):
        for kx in range(record.kernel[1]):
            tap_rows = slice(ky, ky + rows * record.stride[0], record.stride[0])
            tap_columns = slice(kx, kx + columns * record.stride[1], record.stride[1])
            sums[tap_rows, tap_columns][:rows, :columns] += of_tap(ky, kx)
    return sums[top : top + height, left : left + width]
