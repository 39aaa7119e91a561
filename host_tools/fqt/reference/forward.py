"""The forward pass (section 4)."""

from __future__ import annotations

import numpy as np

from fqt.reference.fixed import INT32_MAX, Scale, fixed_multiply
from fqt.reference.layer import Layer
from fqt.reference.tensor import fill

LOGIT_LIMIT = 1 << 30
NO_FILL = 1  # all outputs are 0
NO_NEWS = 0  # so because the input is the same value everywhere


def forward(layers: list[Layer]) -> np.ndarray:
    """From the values of the first tensor, int8: those of all others, and how much of its range
    each takes. Returns the last layer's outputs, Q16, int64 [outputs]."""
    *others, last = layers
    for layer in others:
        _forward_layer(layer)
    accumulators, units = last.arithmetic.forward(last)
    outputs = _rescale(accumulators, [unit.shifted(16) for unit in units])
    return np.clip(outputs, -LOGIT_LIMIT, LOGIT_LIMIT).ravel()


def _forward_layer(layer: Layer) -> None:
    y, activation = layer.output, layer.record.activation
    accumulators, units = layer.arithmetic.forward(layer)
    if layer.record.keeps_scale:
        y.scale = layer.inputs[0].scale
    if layer.record.keeps_scale or layer.kind.has_table or layer.kind.recurrence:
        y.values = accumulators.astype(np.int8)
        return
    values = _rescale(accumulators, units)
    values = np.clip(values, -INT32_MAX + 128, INT32_MAX - 128) + y.zero_point
    layer.fill = fill(values, y, activation)
    x = layer.inputs[0].values
    if layer.fill == NO_FILL and (x == x.flat[0]).all():
        layer.fill = NO_NEWS
    low = -128 if activation == "none" else y.zero_point
    high = min(y.six, 127) if activation == "relu6" else 127
    y.values = np.maximum(np.minimum(values, high), low).astype(np.int8)


def _rescale(accumulators: np.ndarray, units: list[Scale]) -> np.ndarray:
    """accumulators [...][out] * units, one for all channels or one each"""
    if len(units) == 1:
        return fixed_multiply(accumulators, units[0])
    channels = [fixed_multiply(accumulators[..., o], unit) for o, unit in enumerate(units)]
    return np.stack(channels, axis=-1)
