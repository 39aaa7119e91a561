"""Between the user's units and the network's, in integers: samples, targets and outputs
(docs/arithmetic.md, section 3).

A row of a map is (offset, scale), both exactly float32: a number x in the user's units is
(x - offset) / scale to the network.
"""

from __future__ import annotations

from fqt.reference.fixed import Scale, fixed_multiply, float_bits, float_of_bits

UNMAPPED = (0.0, 1.0)
ZERO_EXPONENT = -150
GREATEST_GAP = 31  # of the exponents of two numbers of which neither is left out


def take_apart(number: float) -> tuple[int, int]:
    """A finite float32 as mantissa * 2**exponent; subnormal numbers count as zero."""
    bits = float_bits(number)
    biased = bits >> 23 & 0xFF
    mantissa = (bits & 0x7FFFFF) | 0x800000 if biased else 0
    return -mantissa if bits >> 31 else mantissa, biased - 150


def sum_of(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
    """a + b, each mantissa * 2**exponent; a number far below the other is left out."""
    greater, smaller = (a, b) if a[1] >= b[1] else (b, a)
    gap = greater[1] - smaller[1]
    if gap > GREATEST_GAP:
        return greater
    return (greater[0] << gap) + smaller[0], smaller[1]


def nearest_float(value: int, exponent: int) -> float:
    """value * 2**exponent as float32, halves up in magnitude; below 2**-126: 0."""
    magnitude = Scale.from_int(abs(value)).shifted(exponent)
    biased = magnitude.exponent + 157
    if biased <= 0 or magnitude.mantissa == 0:
        return 0.0
    bits = (biased << 23) + ((magnitude.mantissa + 64) >> 7) - (1 << 23)
    return float_of_bits(bits | (value < 0) << 31)


def in_units(number: float, offset: float, inverse: Scale) -> int:
    """(number - offset) * inverse, rounded to nearest, limited to +-(2**31 - 1)."""
    mantissa, exponent = take_apart(offset)
    difference, exponent = sum_of(take_apart(number), (-mantissa, exponent))
    while not -(2**31) <= difference < 2**31:
        difference, exponent = difference >> 1, exponent + 1
    return int(fixed_multiply(difference, inverse.shifted(exponent)))


def quantized(number: float, row: tuple[float, float], scale: float, zero_point: int) -> int:
    """A number of an input channel at the input's scale; not limited to int8."""
    offset, of_channel = row
    step = Scale.unpack(scale) * Scale.unpack(of_channel)
    units = in_units(number, offset, Scale.from_int(1) / step)
    return min(max(units, -256), 256) + zero_point


def target(number: float, row: tuple[float, float]) -> int:
    """A number that an output should be, as Q16 of the network's units."""
    offset, scale = row
    return in_units(number, offset, (Scale.from_int(1) / Scale.unpack(scale)).shifted(16))


def output(value: int, row: tuple[float, float]) -> float:
    """An output, Q16, in the user's units: exactly a float32."""
    offset, scale = row
    product = Scale.from_int(abs(value)) * Scale.unpack(scale)
    exponent = product.exponent - 16 if product.mantissa else ZERO_EXPONENT
    mantissa = -product.mantissa if value < 0 else product.mantissa
    return nearest_float(*sum_of((mantissa, exponent), take_apart(offset)))


def rows_of(rows, count: int) -> list[tuple[float, float]]:
    """The rows of a map; of none, `count` that change nothing."""
    if rows is None:
        return [UNMAPPED] * count
    return [(offset, scale) for offset, scale in rows.tolist()]
