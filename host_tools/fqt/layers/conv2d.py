"""2-d convolution, as one product of matrices."""

from __future__ import annotations

import numpy as np

from fqt.layers.weighted import Weighted
from fqt.layers.window import Window


class Conv2D(Weighted):
    """2-d convolution, weights [out][kernel_height][kernel_width][in]; any kernel, stride and
    padding (see Window)."""

    kind = name_stem = "conv2d"

    def __init__(
        self,
        units,
        kernel,
        stride=1,
        padding="valid",
        activation="none",
        *,
        name=None,
        source=None,
    ):
        super().__init__(units, activation, name=name, source=source)
        self.window = Window(kernel, stride, padding)

    def build(self, input_shape, rng):
        self.input_shape = tuple(input_shape)
        self.output_shape = (*self.window.build(input_shape), self.units)
        self.weights = np.empty((self.units, *self.window.kernel, input_shape[2]), np.float32)
        self.reset(rng)

    def forward(self, x):
        self._padded = self.window.pad(x, 0)
        self._columns = self.window.columns(self._padded)
        sums = self._columns @ self.weights.reshape(self.units, -1).T
        sums += self.biases
        return self._activate(sums.reshape(len(x), *self.output_shape))

    def backward(self, dy, input_needed=True):
        dy = self._through_activation(dy).reshape(-1, self.units)
        self.gradients = {
            "weights": (dy.T @ self._columns).reshape(self.weights.shape),
            "biases": dy.sum(axis=0),
        }
        if not input_needed:
            return None
        if self.window.is_point:
            return (dy @ self.weights.reshape(self.units, -1)).reshape(self._padded.shape)
        # [ky * kx][batch * oy * ox][in]: a tap's rows lie together, so that adding them is fast
        weights = self.weights.reshape(self.units, -1, self.input_shape[2]).swapaxes(0, 1)
        work = self._workspace((len(weights), len(dy), weights.shape[2]), dy.dtype)
        of_taps = np.matmul(dy, weights, out=work)
        of_taps = of_taps.reshape(len(weights), -1, *self.output_shape[:2], weights.shape[2])
        return self.window.cut(self.window.scatter(of_taps, self._padded.shape), self.input_shape)
