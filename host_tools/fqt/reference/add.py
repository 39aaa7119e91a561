"""The sum of two tensors of one shape (sections 4 and 6)."""

from __future__ import annotations

import numpy as np

from fqt.reference.fixed import Scale, fixed_multiply
from fqt.reference.layer import Layer

UNIT_BITS = 20


def forward(layer: Layer) -> tuple[np.ndarray, list[Scale]]:
    """Both at a common unit: the greater scale / 2**20."""
    a, b = layer.inputs
    greater = Scale.unpack(max(a.scale, b.scale))
    inverse = (Scale.from_int(1) / greater).shifted(UNIT_BITS)
    factors = [int(fixed_multiply(1, Scale.unpack(x.scale) * inverse)) for x in (a, b)]
    accumulators = a.centred() * factors[0] + b.centred() * factors[1]
    return accumulators, [greater.shifted(-UNIT_BITS) / layer.output_unit]


def error(layer: Layer, which: int, errors: np.ndarray) -> tuple[np.ndarray, list[Scale]]:
    """The same for both inputs."""
    return errors, [Scale.unpack(layer.output.error_scale)]
