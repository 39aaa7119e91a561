"""The tables of an int8 source's activation functions: where its runtime reckons in integers of
its own, the outputs are those."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from fqt.file.records import Table
from fqt.layers.functions import FUNCTIONS
from fqt.train.tables import make_table

Range = tuple[float, int]  # scale and zero point
# Outputs without the zero point, of inputs without theirs: of parameter and both scales.
Integers = Callable[[np.ndarray, float, np.float32, np.float32], np.ndarray]


def table_like_source(
    function: str, parameter: float, given: Range, made: Range, source: str
) -> Table:
    """given, made: of the input and of the output. source: the suffix of its file. LiteRT has
    tanh, sigmoid and ELU as tables too, as make_table makes them."""
    table = make_table(function, parameter, given, made)
    integers = LITERT.get(function)
    if source != ".tflite" or integers is None:
        return table
    inputs = np.arange(-128, 128, dtype=np.int64) - given[1]
    outputs = integers(inputs, parameter, np.float32(given[0]), np.float32(made[0])) + made[1]
    return replace(table, outputs=np.clip(outputs, -128, 127).astype(np.int8))


def _leaky_relu(x: np.ndarray, slope: float, s_x: np.float32, s_y: np.float32) -> np.ndarray:
    """With factors in units of 1 / 256."""
    ratio = np.float32(256) * (s_x / s_y)
    whole, part = (int(np.rint(one)) for one in (ratio, np.float32(slope) * ratio))
    return (x * np.where(x >= 0, whole, part) + 128) >> 8


def _hard_swish(x: np.ndarray, _: float, s_x: np.float32, s_y: np.float32) -> np.ndarray:
    """x * 128 times relu6(x + 3) / 6 in Q15, in 16 bits throughout."""
    hires = s_x / np.float32(128)
    factor, exponent = _halves(hires / s_y)
    gate_factor, gate_exponent = _halves(hires / np.float32(3 / 32768))
    left, right = max(gate_exponent, 0), max(-gate_exponent, 0)
    gate = _saturated(x * 128 << max(left - 1, 0))
    gate = _rounded_product(gate, gate_factor)
    gate = _rounded_shift(_saturated(gate << min(left, 1)), right)
    product = (gate + 32768 >> 1) * _rounded_product(x * 128, factor)
    product = np.where(product >= 0, product >> 15, -(-product >> 15))
    return _rounded_shift(product, -exponent) if exponent < 0 else product << exponent


def _halves(real: np.float32) -> tuple[int, int]:
    """A factor as a number in Q15 and an exponent of 2."""
    mantissa, exponent = np.frexp(float(real))
    return min((round(float(mantissa) * 2**31) + 0x8000) >> 16, 32767), int(exponent)


def _saturated(values: np.ndarray) -> np.ndarray:
    return np.clip(values, -32768, 32767)


def _rounded_product(values: np.ndarray, factor: int) -> np.ndarray:
    """values * factor / 2^15, halves away from 0 (below 0: almost halves)."""
    product = values * factor
    product += np.where(product >= 0, 1 << 14, 1 - (1 << 14))
    return _saturated(np.where(product >= 0, product >> 15, -(-product >> 15)))


def _rounded_shift(values: np.ndarray, bits: int) -> np.ndarray:
    """values / 2^bits, halves away from 0."""
    mask = (1 << bits) - 1
    return (values >> bits) + ((values & mask) > (mask >> 1) + (values < 0))


def _gelu(function: str) -> Integers:
    """In float32, halves away from 0, where other functions' go to even numbers."""

    def outputs(x: np.ndarray, _: float, s_x: np.float32, s_y: np.float32) -> np.ndarray:
        values = FUNCTIONS[function].value((x * s_x).astype(np.float32), 0.0)
        units = values.astype(np.float32) * np.float32(1 / s_y)
        return (np.copysign(np.floor(np.abs(units) + np.float32(0.5)), units)).astype(np.int64)

    return outputs


LITERT: dict[str, Integers] = {
    "leaky_relu": _leaky_relu,
    "hard_swish": _hard_swish,
    "gelu": _gelu("gelu"),
    "gelu_tanh": _gelu("gelu_tanh"),
}
