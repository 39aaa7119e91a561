"""Softmax cross-entropy in integers (docs/arithmetic.md, section 5)."""

from __future__ import annotations

import numpy as np

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


def softmax_cross_entropy(logits: np.ndarray, label: int) -> tuple[int, np.ndarray, float]:
    """logits: Q16 [outputs]. Gives the loss in Q16, the error as int8 [outputs], and the error's
    scale."""
    distance = logits.max() - logits
    powers = exponential(distance)
    total = int(powers.sum())
    error = fixed_multiply(powers, Scale.from_int(ONE_Q30) / Scale.from_int(total))
    error[label] -= ONE_Q30
    peak = max(1, int(np.abs(error).max()))
    scale = (Scale.from_int(peak) / Scale.from_int(127)).shifted(-30).pack()
    one_q30 = Scale.from_int(1).shifted(-30)
    quantized = np.clip(fixed_multiply(error, one_q30 / Scale.unpack(scale)), -127, 127)
    loss = min(logarithm(total) + int(distance[label]), INT32_MAX)
    return loss, quantized.astype(np.int8), scale
