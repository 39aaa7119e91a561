"""Activation functions: what a layer does to its sums before others read them."""

from __future__ import annotations

import numpy as np

from fqt.layers.functions import FUNCTIONS

ACTIVATIONS = ("none", "relu", "relu6")
# What others write into the last layer, and the loss that has it built in.
OF_LOSSES = {"softmax": "softmax_cross_entropy", "sigmoid": "binary_cross_entropy"}


def check_activation(activation: str) -> str:
    """Returns it. Raises ValueError for an unknown one."""
    if not isinstance(activation, str) or activation not in ACTIVATIONS:
        advice = ""
        if activation is None or activation == "linear":
            advice = ": leave it off"
        elif isinstance(activation, str) and activation in OF_LOSSES:
            advice = f": leave it off, the loss {OF_LOSSES[activation]} includes {activation}"
        elif isinstance(activation, str) and activation in FUNCTIONS:
            advice = ": leave it off, and put the layer of that function behind (fqt.Tanh() ...)"
        raise ValueError(f"activation is 'none', 'relu' or 'relu6', not {activation!r}{advice}")
    return activation


def activate(activation: str, sums: np.ndarray) -> np.ndarray:
    """sums, max(0, sums) or max(0, min(6, sums)): changed in place."""
    if activation != "none":
        np.maximum(sums, 0, out=sums)
    if activation == "relu6":
        np.minimum(sums, 6, out=sums)
    return sums


def through_activation(activation: str, y: np.ndarray, dy: np.ndarray) -> np.ndarray:
    """The gradient of the sums. y: what activate gave, dy: its gradient, of the same shape."""
    if activation == "none":
        return dy
    passed = y > 0
    if activation == "relu6":
        passed &= y < 6
    return dy * passed
