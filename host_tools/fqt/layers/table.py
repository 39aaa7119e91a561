"""Activation functions that are layers of their own, since a device computes them by a table."""

from __future__ import annotations

from typing import Any

import numpy as np

from fqt.arguments import real_number, truth_value
from fqt.layers.functions import FUNCTIONS
from fqt.layers.layer import Layer


class Table(Layer):
    """A function of each element: the base of the layers below. function_parameter: its slope or
    alpha; 0.0: it has none."""

    kind = "table"
    function_parameter = 0.0

    def forward(self, x):
        self._x = x
        y = FUNCTIONS[self.activation].value(x, self.function_parameter)
        return y.astype(x.dtype, copy=False)

    def backward(self, dy, input_needed=True):
        slopes = FUNCTIONS[self.activation].derivative(self._x, self.function_parameter)
        return (dy * slopes).astype(dy.dtype, copy=False)


class Tanh(Table):
    """The hyperbolic tangent."""

    activation = name_stem = "tanh"


class Sigmoid(Table):
    """1 / (1 + exp(-x)), inside a network; behind the last layer binary_cross_entropy has it."""

    activation = name_stem = "sigmoid"


class HardSigmoid(Table):
    """relu6(x + 3) / 6"""

    activation = name_stem = "hard_sigmoid"


class HardSwish(Table):
    """x * relu6(x + 3) / 6"""

    activation = name_stem = "hard_swish"


class SiLU(Table):
    """x * sigmoid(x), also known as swish."""

    activation = name_stem = "silu"


class GELU(Table):
    """x times the share of a normal distribution below x (Hendrycks and Gimpel 2016). approximate:
    by a hyperbolic tangent, as networks that were trained so have it."""

    activation = name_stem = "gelu"

    def __init__(self, approximate: bool = False, *, name=None, source=None):
        super().__init__(name=name, source=source)
        if truth_value("approximate", approximate):
            self.activation = "gelu_tanh"


class Softplus(Table):
    """log(1 + exp(x))"""

    activation = name_stem = "softplus"


class Mish(Table):
    """x * tanh(log(1 + exp(x)))"""

    activation = name_stem = "mish"


class SELU(Table):
    """An ELU times 1.0507, whose alpha is 1.6733 (Klambauer et al. 2017)."""

    activation = name_stem = "selu"


class HardTanh(Table):
    """x within -1 to 1"""

    activation = name_stem = "hard_tanh"


class LeakyReLU(Table):
    """x where it is 0 or more, else x * slope. Raises ValueError for a slope that is no finite
    number."""

    activation = name_stem = "leaky_relu"

    def __init__(self, slope: float = 0.01, *, name=None, source=None):
        super().__init__(name=name, source=source)
        self.function_parameter = float(np.float32(real_number("slope", slope, -1e3, 1e3)))


class ELU(Table):
    """x where it is 0 or more, else alpha * (exp(x) - 1). Raises ValueError for an alpha that is
    no number from 0 to 1000."""

    activation = name_stem = "elu"

    def __init__(self, alpha: float = 1.0, *, name=None, source=None):
        super().__init__(name=name, source=source)
        self.function_parameter = float(np.float32(real_number("alpha", alpha, 0, 1e3)))


def table_layer(function: str, parameter: float, **place: Any) -> Table:
    """The layer of a function by its name. place: name and source, as Layer has them."""
    match function:
        case "leaky_relu":
            return LeakyReLU(parameter, **place)
        case "elu":
            return ELU(parameter, **place)
        case "gelu_tanh":
            return GELU(True, **place)
    simple = (Tanh, Sigmoid, HardSigmoid, HardSwish, SiLU, GELU, Softplus, Mish, SELU, HardTanh)
    return next(layer for layer in simple if layer.activation == function)(**place)
