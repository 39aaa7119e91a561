"""Functions that a device computes by a table: their values and derivatives in float32, and where
they are flat, so that an int8 range need not reach further."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Function:
    """value, derivative: of an array and the function's parameter (0.0 where it has none). flat:
    beyond these ends it changes by less than an int8 step of its output."""

    value: Callable[[np.ndarray, float], np.ndarray]
    derivative: Callable[[np.ndarray, float], np.ndarray]
    flat: tuple[float, float]


def sigmoid(x: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-x)), without an overflow."""
    small = np.exp(-np.abs(x))
    return np.where(x < 0, small, 1) / (1 + small)


def _sigmoid_slope(x: np.ndarray) -> np.ndarray:
    y = sigmoid(x)
    return y * (1 - y)


def _elu(x: np.ndarray, alpha: float) -> np.ndarray:
    return np.where(x < 0, alpha * np.expm1(np.minimum(x, 0)), x)


def _elu_slope(x: np.ndarray, alpha: float) -> np.ndarray:
    return np.where(x < 0, alpha * np.exp(np.minimum(x, 0)), 1)


def _hard_swish(x: np.ndarray, _: float) -> np.ndarray:
    return x * np.clip(x + 3, 0, 6) / 6


def _hard_swish_slope(x: np.ndarray, _: float) -> np.ndarray:
    return np.where(x <= -3, 0, np.where(x >= 3, 1, (2 * x + 3) / 6))


FUNCTIONS = {
    "tanh": Function(lambda x, _: np.tanh(x), lambda x, _: 1 - np.tanh(x) ** 2, (-4, 4)),
    "sigmoid": Function(lambda x, _: sigmoid(x), lambda x, _: _sigmoid_slope(x), (-8, 8)),
    "leaky_relu": Function(
        lambda x, slope: np.where(x < 0, slope * x, x),
        lambda x, slope: np.where(x < 0, slope, 1),
        (-math.inf, math.inf),
    ),
    "elu": Function(_elu, _elu_slope, (-6, math.inf)),
    "hard_swish": Function(_hard_swish, _hard_swish_slope, (-3, math.inf)),
    "silu": Function(
        lambda x, _: x * sigmoid(x),
        lambda x, _: sigmoid(x) + x * _sigmoid_slope(x),
        (-8, math.inf),
    ),
    "hard_sigmoid": Function(
        lambda x, _: np.clip(x + 3, 0, 6) / 6,
        lambda x, _: np.where(np.abs(x) < 3, 1 / 6, 0),
        (-3, 3),
    ),
}
