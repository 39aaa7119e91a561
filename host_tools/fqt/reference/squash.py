"""Sigmoid and tanh of 16-bit numbers in integers, as LiteRT has them (docs/arithmetic.md, section
4, lstm). Numbers are int64 arrays that fit int16; `bits` of them are before the point."""

from __future__ import annotations

import numpy as np

ONE = 32767
THIRD = 10923
EXP_OF_EIGHTH = 28918  # exp(-1/8), Q15
# exp(-2^k), Q15, for k from -2 on
POWERS = (25520, 19875, 12055, 4435, 600, 11, 0)


def sigmoid(values: np.ndarray) -> np.ndarray:
    """values, Q3.12 -> Q15"""
    y = _limited(_newton(_exp(-np.abs(values), 3)) << 1)
    return np.where(values == 0, 16384, np.where(values < 0, ONE - y, y))


def tanh(values: np.ndarray, bits: int) -> np.ndarray:
    """values -> Q15"""
    y = _limited((_newton(_exp(-np.abs(values), bits + 1)) - 8192) << 2)
    return np.where(values == 0, 0, np.where(values < 0, -y, y))


def round_away(values: np.ndarray, shift: int) -> np.ndarray:
    """values / 2^shift, rounded to nearest, halves away from 0."""
    magnitudes = np.abs(values)
    return np.sign(values) * ((magnitudes + ((1 << shift) >> 1)) >> shift)


def limit16(values: np.ndarray) -> np.ndarray:
    return np.clip(values, -32768, 32767)


def _limited(values: np.ndarray) -> np.ndarray:
    return np.minimum(values, ONE)


def _product(a, b):
    """Of two Q15 numbers, rounded to nearest, halves up."""
    return (a * b + (1 << 14)) >> 15


def _exp(values: np.ndarray, bits: int) -> np.ndarray:
    """exp of numbers of at most 0, Q15: of what lies in [-1/4, 0) by its series around -1/8, times
    the powers of e that the rest is made of."""
    fraction = 15 - bits
    quarter = 1 << (fraction - 2)
    part = (values & (quarter - 1)) - quarter
    rest = part - values
    x = (part << bits) + (1 << 12)
    x2 = _product(x, x)
    terms = round_away(_product(x2, x2), 2) + _product(x2, x)
    series = round_away(_product(terms, THIRD) + x2, 1)
    y = _limited(EXP_OF_EIGHTH + _product(EXP_OF_EIGHTH, x + series))
    for k, power in zip(range(-2, bits), POWERS, strict=False):
        y = np.where(rest >> (fraction + k) & 1, _product(y, power), y)
    return np.where(values == 0, ONE, y)


def _newton(values: np.ndarray) -> np.ndarray:
    """2 / (1 + v) of Q15 numbers in [0, 1], Q13: three steps from 48/17 - 32/17 d, d = (1 + v) /
    2."""
    half = (values + ONE + 1) >> 1
    x = 23130 + _product(half, -15420)
    for _ in range(3):
        x = x + (_product(x, 8192 - _product(half, x)) << 2)
    return x
