"""The product of two tensors; the second may have one value a channel (sections 4 and 6)."""

from __future__ import annotations

import math

import numpy as np

from fqt.reference.fixed import Scale
from fqt.reference.layer import Layer


def forward(layer: Layer) -> tuple[np.ndarray, list[Scale]]:
    """a [height][width][channels], b of that shape or [1][1][channels] -> a * b"""
    a, b = layer.inputs
    return a.centred() * b.centred(), [layer.input_unit * Scale.unpack(b.scale)]


def error(layer: Layer, which: int, errors: np.ndarray) -> tuple[np.ndarray, list[Scale]]:
    """errors [height][width][channels] * the other factor; of a factor with one value a channel
    the sum over all positions"""
    factor, other = layer.inputs[which], layer.inputs[1 - which]
    products = errors * other.centred()
    if math.prod(factor.shape) < products.size:
        products = products.sum(axis=(0, 1), keepdims=True)
    return products, [Scale.unpack(layer.output.error_scale) * Scale.unpack(other.scale)]
