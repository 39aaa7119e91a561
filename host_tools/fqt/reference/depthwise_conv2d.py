"""Depthwise 2-d convolution: each channel has a filter of its own (sections 4, 6, 7).

Written with the windows of the input, as in conv2d.py; weights [channels][ky][kx].
"""

from __future__ import annotations

import numpy as np

from fqt.reference.conv2d import padded, windows_of
from fqt.reference.tensor import Tensor
from fqt.reference.update import Parameters, Update


def forward(x: Tensor, parameters: Parameters, record) -> np.ndarray:
    """x [height][width][channels] -> accumulators int64 [out_height][out_width][channels]"""
    windows = windows_of(padded(x.centred(), record.padding), record.kernel, record.stride)
    accumulators = np.einsum("yxklc,ckl->yxc", windows, parameters.weights)
    return accumulators + parameters.biases_for(x.scale)


def error(x: Tensor, parameters: Parameters, errors: np.ndarray, record) -> np.ndarray:
    """errors int64 [out_height][out_width][channels] -> accumulators int64
    [height][width][channels], in channel c at errors' scale * weight_scales[c]: each tap adds
    errors[oy, ox, c] * w[c, ky, kx] to the input element that it read."""
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
                errors * parameters.weights[:, ky, kx]
            )
    return accumulators[top : top + height, left : left + width]


def update(x: Tensor, errors: np.ndarray, selected: np.ndarray, step: Update, record) -> None:
    """gradient[c, ky, kx] = sum over oy, ox of errors[oy, ox, c] * windows[oy, ox, ky, kx, c]
    errors int8 [out_height][out_width][channels]"""
    errors = errors.astype(np.int64)
    windows = windows_of(padded(x.centred(), record.padding), record.kernel, record.stride)
    gradients = np.einsum("yxc,yxklc->ckl", errors, windows)
    for c in selected:
        if errors[:, :, c].any() or step.decay:
            step.apply_filter(c, gradients[c], int(errors[:, :, c].sum()))
