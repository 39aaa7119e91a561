"""Activation functions: what a layer does to its sums before others read them."""

from __future__ import annotations

import numpy as np

ACTIVATIONS = ("none", "relu", "relu6")


def check_activation(activation: str) -> str:
    """Gives it back. Raises ValueError for an unknown one."""
    if activation not in ACTIVATIONS:
        raise ValueError(f"activation is 'none', 'relu' or 'relu6', not {activation!r}")
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
