"""The sum of two tensors of one shape (sections 4 and 6)."""

from __future__ import annotations

import numpy as np

from fqt.reference.fixed import Scale, fixed_multiply
from fqt.reference.tensor import Tensor

UNIT_BITS = 20


def forward(a: Tensor, b: Tensor) -> tuple[np.ndarray, Scale]:
    """Accumulators int64 of the tensors' shape, and what one unit of them means: the greater scale
    / 2**20."""
    greater = Scale.unpack(max(a.scale, b.scale))
    inverse = (Scale.from_int(1) / greater).shifted(UNIT_BITS)
    factors = [int(fixed_multiply(1, Scale.unpack(x.scale) * inverse)) for x in (a, b)]
    return a.centred() * factors[0] + b.centred() * factors[1], greater.shifted(-UNIT_BITS)
