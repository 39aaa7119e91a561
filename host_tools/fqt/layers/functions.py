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


def _normal_share(x: np.ndarray) -> np.ndarray:
    """The share of a normal distribution below x, erfc(-x / sqrt(2)) / 2."""
    return np.asarray(_ERFC(x / -math.sqrt(2)), np.float64) / 2


def _gelu_slope(x: np.ndarray, _: float) -> np.ndarray:
    return _normal_share(x) + x * np.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def _gelu_tanh(x: np.ndarray, _: float) -> np.ndarray:
    return x * sigmoid(GELU_FACTOR * (x + GELU_CUBE * x**3))  # (1 + tanh(z)) / 2 = sigmoid(2 z)


def _gelu_tanh_slope(x: np.ndarray, _: float) -> np.ndarray:
    y = sigmoid(GELU_FACTOR * (x + GELU_CUBE * x**3))
    return y + x * y * (1 - y) * GELU_FACTOR * (1 + 3 * GELU_CUBE * x**2)


def _softplus(x: np.ndarray, _: float) -> np.ndarray:
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def _mish(x: np.ndarray, _: float) -> np.ndarray:
    return x * np.tanh(_softplus(x, 0))


def _mish_slope(x: np.ndarray, _: float) -> np.ndarray:
    y = np.tanh(_softplus(x, 0))
    return y + x * (1 - y * y) * sigmoid(x)


_ERFC = np.frompyfunc(math.erfc, 1, 1)
GELU_FACTOR, GELU_CUBE = 2 * math.sqrt(2 / math.pi), 0.044715  # of the form with tanh
# Klambauer et al. 2017: outputs keep mean 0 and variance 1.
SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805
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
    "gelu": Function(lambda x, _: x * _normal_share(x), _gelu_slope, (-4, math.inf)),
    "gelu_tanh": Function(_gelu_tanh, _gelu_tanh_slope, (-4, math.inf)),
    "softplus": Function(_softplus, lambda x, _: sigmoid(x), (-8, math.inf)),
    "mish": Function(_mish, _mish_slope, (-10, math.inf)),
    "selu": Function(
        lambda x, _: SELU_SCALE * _elu(x, SELU_ALPHA),
        lambda x, _: SELU_SCALE * _elu_slope(x, SELU_ALPHA),
        (-6, math.inf),
    ),
    "hard_tanh": Function(
        lambda x, _: np.clip(x, -1, 1), lambda x, _: np.where(np.abs(x) < 1, 1, 0), (-1, 1)
    ),
}
