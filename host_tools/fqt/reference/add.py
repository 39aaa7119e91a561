"""The sum of two tensors of one shape (sections 4 and 6)."""

from __future__ import annotations

import math

import numpy as np

from fqt.reference.fixed import Scale, fixed_multiply
from fqt.reference.layer import Layer

FACTOR_BITS = 20


def forward(layer: Layer) -> tuple[np.ndarray, list[Scale]]:
    """The factors of both in units of 2**-shift, in which the greater is 2**20 or more."""
    a, b = layer.inputs
    factors = [(Scale.unpack(x.scale) / layer.output_unit).pack() for x in (a, b)]
    shift = FACTOR_BITS - math.frexp(max(factors))[1] + 1
    ma, mb = (int(fixed_multiply(1, Scale.unpack(f).shifted(shift))) for f in factors)
    return a.centred() * ma + b.centred() * mb, [Scale(2**30, -30 - shift)]


def error(layer: Layer, which: int, errors: np.ndarray) -> tuple[np.ndarray, list[Scale]]:
    """The same for both inputs."""
    return errors, [Scale.unpack(layer.output.error_scale)]
