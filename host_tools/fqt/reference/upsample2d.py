"""Upsampling: each element fills a block of the output, or its first place (sections 4 and 6)."""

from __future__ import annotations

import numpy as np

from fqt.reference.fixed import Scale
from fqt.reference.layer import Layer


def _filled(values: np.ndarray, layer: Layer) -> np.ndarray:
    """Of values of the output's shape those at the places that the input fills, a view
    [height][kernel_h][width][kernel_w][channels]."""
    height, width, channels = layer.inputs[0].shape
    record = layer.record
    blocks = values.reshape(height, record.stride[0], width, record.stride[1], channels)
    return blocks[:, : record.kernel[0], :, : record.kernel[1]]


def forward(layer: Layer) -> tuple[np.ndarray, list[Scale]]:
    """x [height][width][channels] -> [out_height][out_width][channels]"""
    x = layer.inputs[0]
    y = np.full(layer.output.shape, x.zero_point, np.int64)
    _filled(y, layer)[...] = x.values[:, None, :, None]
    return y, [Scale.from_int(1)]


def error(layer: Layer, which: int, errors: np.ndarray) -> tuple[np.ndarray, list[Scale]]:
    """errors [out_height][out_width][channels] -> sums [height][width][channels]"""
    return _filled(errors, layer).sum(axis=(1, 3)), [Scale.unpack(layer.output.error_scale)]
