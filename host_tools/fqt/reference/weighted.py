"""What dense and conv2d share: one sum over all channels takes errors of one unit (section 6)."""

from __future__ import annotations

import math

import numpy as np

from fqt.reference.fixed import INT32_MAX, Scale, fixed_multiply
from fqt.reference.layer import WeightedLayer


def at_common_unit(layer: WeightedLayer, errors: np.ndarray) -> tuple[np.ndarray, Scale]:
    """errors [...][out], each channel times its weight scale, in units of the greatest of these /
    256, or as many as a sum of 32 bits allows; and what one unit of their products with weights
    means."""
    terms = math.prod(layer.record.kernel) * layer.record.output_shape[2]
    unit = min(256, INT32_MAX // (127 * 128 * terms))
    scales = layer.parameters.scales
    greatest = Scale.unpack(scales.max())
    factors = [int(fixed_multiply(unit, Scale.unpack(scale) / greatest)) for scale in scales]
    return errors * np.array(factors), layer.error_scale * greatest / Scale.from_int(unit)
