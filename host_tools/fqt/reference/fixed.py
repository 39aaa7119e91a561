"""Scales, requantisation and random numbers (docs/arithmetic.md, sections 1 and 2)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from math import isqrt

import numpy as np

INT32_MAX = 2**31 - 1
DITHER_STEP = 0x9E3779B9


@dataclass(frozen=True)
class Scale:
    """mantissa * 2**exponent with 2**30 <= mantissa < 2**31; zero is (0, 0)."""

    mantissa: int
    exponent: int

    @staticmethod
    def unpack(value: float | np.float32) -> Scale:
        """From a float32 (any number that is exactly one)."""
        bits = float_bits(value)
        if bits == 0:
            return Scale(0, 0)
        return Scale((2**23 + (bits & 0x7FFFFF)) << 7, (bits >> 23) - 157)

    def pack(self) -> float:
        """To the nearest float32 in [2**-64, 2**64], halves up; zero stays."""
        if self.mantissa == 0:
            return 0.0
        mantissa = (self.mantissa + 64) >> 7
        return min(max(mantissa * 2.0 ** (self.exponent + 7), 2.0**-64), 2.0**64)

    @staticmethod
    def from_int(n: int) -> Scale:
        """Exact up to 31 bits, truncated above."""
        if n == 0:
            return Scale(0, 0)
        shift = n.bit_length() - 31
        return Scale(n >> shift if shift > 0 else n << -shift, shift)

    def __mul__(self, other: Scale) -> Scale:
        product = self.mantissa * other.mantissa
        if product == 0:
            return Scale(0, 0)
        shift = 31 if product >= 2**61 else 30
        return Scale(product >> shift, self.exponent + other.exponent + shift)

    def __truediv__(self, other: Scale) -> Scale:
        if self.mantissa == 0:
            return self
        quotient = (self.mantissa << 31) // other.mantissa
        if quotient >= 2**31:
            return Scale(quotient >> 1, self.exponent - other.exponent - 30)
        return Scale(quotient, self.exponent - other.exponent - 31)

    def shifted(self, k: int) -> Scale:
        """self * 2**k"""
        return Scale(self.mantissa, self.exponent + k) if self.mantissa else self

    def square_root(self) -> Scale:
        if self.mantissa == 0:
            return self
        odd = self.exponent & 1
        return Scale(isqrt(self.mantissa << (30 + odd)), (self.exponent - odd - 30) // 2)


def float_bits(value: float | np.float32) -> int:
    """The bit pattern of a number as float32."""
    return struct.unpack("<I", struct.pack("<f", value))[0]


def fixed_multiply(values, scale: Scale):
    """values * scale, rounded to nearest, halves up, limited to +-(2**31 - 1).

    values: int, or an integer array whose elements fit int32. Gives int64 of the same shape.
    """
    product = np.asarray(values, np.int64) * scale.mantissa
    shift = -scale.exponent
    if shift > 62:
        product = np.zeros_like(product)
    elif shift > 0:
        product = (product + (1 << (shift - 1))) >> shift
    elif shift < 0:
        product = np.sign(product) * INT32_MAX  # |product| >= 2**30 before it is doubled
    return np.clip(product, -INT32_MAX, INT32_MAX)


def float_of_bits(bits: int) -> float:
    """The float32 of a bit pattern."""
    return struct.unpack("<f", struct.pack("<I", bits))[0]


class Random:
    """xorshift32 (Marsaglia 2003)."""

    def __init__(self, state: int):
        self.state = state

    def draw(self) -> int:
        s = self.state
        s ^= (s << 13) & 0xFFFFFFFF
        s ^= s >> 17
        s ^= (s << 5) & 0xFFFFFFFF
        self.state = s
        return s


def dither(base: int, j) -> np.ndarray:
    """Uniform uint32 numbers for parameters with the indices j, as int64."""
    return (base + np.asarray(j, np.int64) * DITHER_STEP) & 0xFFFFFFFF


def order_of(count: int, seed: int) -> np.ndarray:
    """The permutation that fqt.shuffle makes of range(count) on a device."""
    order = np.arange(count)
    shuffle(order, seed)
    return order


def shuffle(order: np.ndarray, seed: int) -> None:
    """Permute in place as fqt.shuffle does on a device (Fisher-Yates with xorshift32)."""
    random = Random(seed & 0xFFFFFFFF or DITHER_STEP)
    for i in range(len(order), 1, -1):
        j = random.draw() % i
        order[[i - 1, j]] = order[[j, i - 1]]


def decayed(learning_rate: float, done: int, whole: int) -> float:
    """learning_rate * (whole - done) / whole, with the bits that a device gives."""
    return (
        Scale.unpack(learning_rate) * Scale.from_int(whole - done) / Scale.from_int(whole)
    ).pack()
