"""2-d convolution of any kernel, stride and padding (sections 4, 6, 7).

Everything is written with the windows of the input: windows[oy, ox, ky, kx, c] = x[oy*sh + ky -
top, ox*sw + kx - left, c].
"""

from __future__ import annotations

import numpy as np

from fqt.reference.tensor import Tensor
from fqt.reference.update import Parameters, Update


def padded(values: np.ndarray, padding: tuple[int, int, int, int], fill=0) -> np.ndarray:
    """values [height][width][channels] with (top, bottom, left, right) more rows and columns of
    `fill`."""
    top, bottom, left, right = padding
    return np.pad(values, ((top, bottom), (left, right), (0, 0)), constant_values=fill)


def windows_of(values: np.ndarray, kernel: tuple[int, int], stride: tuple[int, int]) -> np.ndarray:
    """A view [oy][ox][ky][kx][c] of a padded input."""
    view = np.lib.stride_tricks.sliding_window_view(values, kernel, axis=(0, 1))
    return view[:: stride[0], :: stride[1]].transpose(0, 1, 3, 4, 2)


def forward(x: Tensor, parameters: Parameters, record) -> np.ndarray:
    """x [height][width][in] -> accumulators int64 [out_height][out_width][out]"""
    windows = windows_of(padded(x.centred(), record.padding), record.kernel, record.stride)
    accumulators = np.tensordot(windows, parameters.weights, axes=([2, 3, 4], [1, 2, 3]))
    return accumulators + parameters.biases_for(x.scale)


def error(x: Tensor, parameters: Parameters, errors: np.ndarray, record) -> np.ndarray:
    """errors int64 [out_height][out_width][out], brought to a common unit -> accumulators int64
    [height][width][in]:
    each tap adds errors[oy, ox, o] * w[o, ky, kx, c] to the input element that it read."""
    height, width, channels = x.shape
    top, bottom, left, right = record.padding
    accumulators = np.zeros((height + top + bottom, width + left + right, channels), np.int64)
    rows, columns = errors.shape[:2]
    (kernel_height, kernel_width), (stride_height, stride_width) = record.kernel, record.stride
    for ky in range(kernel_height):
        for kx in range(kernel_width):
            tap_rows = slice(ky, ky + rows * stride_height, stride_height)
            tap_columns = slice(kx, kx + columns * stride_width, stride_width)
            accumulators[tap_rows, tap_columns][:rows, :columns] += (
                errors @ parameters.weights[:, ky, kx, :]
            )
    return accumulators[top : top + height, left : left + width]


def update(x: Tensor, errors: np.ndarray, selected: np.ndarray, step: Update, record) -> None:
    """gradient[o, ky, kx, c] = sum over oy, ox of errors[oy, ox, o] * windows[oy, ox, ky, kx, c]
    errors int8 [out_height][out_width][out]"""
    errors = errors.astype(np.int64)
    windows = windows_of(padded(x.centred(), record.padding), record.kernel, record.stride)
    gradients = np.tensordot(errors, windows, axes=([0, 1], [0, 1]))
    for o in selected:
        if errors[:, :, o].any() or step.decay:
            step.apply_filter(o, gradients[o], int(errors[:, :, o].sum()))
