"""The losses in integers (docs/arithmetic.md, section 5).

Each gives the loss in Q16, its derivatives by the outputs (int64 [outputs]) and what one unit of
these means.
"""

from __future__ import annotations

import numpy as np

from fqt.inputs import IGNORED
from fqt.reference.fixed import INT32_MAX, Scale, fixed_multiply

LOG2_E_Q16 = 94548
LN_2_Q16 = 45426
ONE_Q30 = 1 << 30
NEGLIGIBLE = 20 << 16
COEFFICIENTS = (
    -1029756,
    9922860,
    -59408637,
    257903302,
    -744258750,
    ONE_Q30,
)  # 2**-f, highest power first


def exponential(distance: np.ndarray) -> np.ndarray:
    """e**-distance. distance: Q16, >= 0. Gives Q30."""
    t = (distance * LOG2_E_Q16) >> 16
    fraction = t & 0xFFFF
    power = np.zeros_like(t)
    for coefficient in COEFFICIENTS:
        power = coefficient + ((power * fraction) >> 16)
    return np.where(distance >= NEGLIGIBLE, 0, power >> np.minimum(t >> 16, 62))


def logarithm(total: int) -> int:
    """ln(total / 2**30) in Q16, for total >= 2**30."""
    value = Scale.from_int(total)
    x = value.mantissa
    log2 = value.exponent
    for _ in range(16):
        x = (x * x) >> 30
        bit = x >> 31
        x >>= bit
        log2 = log2 << 1 | bit
    return (log2 * LN_2_Q16) >> 16


def _softmax(logits: np.ndarray, label: int) -> tuple[int, np.ndarray]:
    """The loss, not limited; softmax - target."""
    distance = logits.max() - logits
    powers = exponential(distance)
    total = int(powers.sum())
    derivatives = fixed_multiply(powers, Scale.from_int(ONE_Q30) / Scale.from_int(total))
    derivatives[label] -= ONE_Q30
    return logarithm(total) + int(distance[label]), derivatives


def softmax_cross_entropy(logits: np.ndarray, label: int) -> tuple[int, np.ndarray, Scale]:
    """softmax - target. logits: Q16 [outputs]."""
    loss, derivatives = _softmax(logits, label)
    return min(loss, INT32_MAX), derivatives, Scale.from_int(1).shifted(-30)


def pixelwise_cross_entropy(
    logits: np.ndarray, labels: np.ndarray
) -> tuple[int, np.ndarray, Scale]:
    """The mean over the pixels of the softmax cross-entropy of each. logits: Q16 [outputs], the
    classes of a pixel one behind the other; labels: [pixels], those that are IGNORED do not
    count."""
    rows = logits.reshape(len(labels), -1)
    derivatives = np.zeros(rows.shape, np.int64)
    total = 0
    counted = np.flatnonzero(labels != IGNORED)
    for p in counted.tolist():
        loss, derivatives[p] = _softmax(rows[p], int(labels[p]))
        total += loss
    inverse_count = Scale.from_int(1) / Scale.from_int(max(len(counted), 1))
    loss = int(fixed_multiply(1, Scale.from_int(total) * inverse_count))
    return loss, derivatives.ravel(), inverse_count.shifted(-30)


def mean_squared_error(outputs: np.ndarray, targets: np.ndarray) -> tuple[int, np.ndarray, Scale]:
    """2 / outputs * (output - target). Both Q16."""
    derivatives = outputs.astype(np.int64) - targets
    total = sum(((value * value) & (2**64 - 1)) >> 16 for value in derivatives.tolist())
    inverse_count = Scale.from_int(1) / Scale.from_int(len(outputs))
    loss = int(fixed_multiply(1, Scale.from_int(total) * inverse_count))
    return loss, derivatives, inverse_count.shifted(1 - 16)


def binary_cross_entropy(
    outputs: np.ndarray, targets: np.ndarray
) -> tuple[int, np.ndarray, Scale]:
    """(sigmoid(output) - target) / outputs. Both Q16, targets 0 to 65536."""
    powers = exponential(np.abs(outputs))
    derivatives = np.empty(len(outputs), np.int64)
    total = 0
    for o, (z, power, target) in enumerate(
        zip(outputs.tolist(), powers.tolist(), np.asarray(targets).tolist(), strict=True)
    ):
        inverse = Scale.from_int(ONE_Q30) / Scale.from_int(ONE_Q30 + power)
        sigmoid = int(fixed_multiply(power if z < 0 else ONE_Q30, inverse))
        derivatives[o] = sigmoid - (target << 14)
        total += logarithm(ONE_Q30 + power) + max(z, 0) - ((z * target) >> 16)
    inverse_count = Scale.from_int(1) / Scale.from_int(len(outputs))
    loss = int(fixed_multiply(1, Scale.from_int(total) * inverse_count))
    return loss, derivatives, inverse_count.shifted(-30)


def error_of(derivatives: np.ndarray, unit: Scale) -> tuple[np.ndarray, float]:
    """The derivatives as int8 [outputs], the greatest 127, and their scale."""
    peak = max(1, int(np.abs(derivatives).max()))
    scale = (Scale.from_int(peak) / Scale.from_int(127) * unit).pack()
    error = np.clip(fixed_multiply(derivatives, unit / Scale.unpack(scale)), -127, 127)
    return error.astype(np.int8), scale
