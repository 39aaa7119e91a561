"""Every output from every input."""

from __future__ import annotations

import math

import numpy as np

from fqt.layers.weighted import Weighted


class Dense(Weighted):
    """y[o] = sum over c of weights[o][c] * x[c] + biases[o], on the flattened input."""

    kind = name_stem = "dense"
    slides = False

    def build(self, input_shape, rng):
        self.input_shape = tuple(input_shape)
        self.output_shape = (1, 1, self.units)
        self.weights = np.empty((self.units, math.prod(input_shape)), np.float32)
        self.reset(rng)

    def forward(self, x):
        self._x = x.reshape(len(x), -1)
        sums = self._x @ self.weights.T
        sums += self.biases
        return self._activate(sums.reshape(len(x), *self.output_shape))

    def backward(self, dy, input_needed=True):
        dy = self._through_activation(dy).reshape(len(dy), -1)
        self.gradients = {"weights": dy.T @ self._x, "biases": dy.sum(axis=0)}
        if not input_needed:
            return None
        return (dy @ self.weights).reshape(len(dy), *self.input_shape)
