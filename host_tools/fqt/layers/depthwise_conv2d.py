"""Depthwise convolution: each channel with a kernel of its own."""

from __future__ import annotations

import numpy as np

from fqt.layers.weighted import Weighted
from fqt.layers.window import Window


class DepthwiseConv2D(Weighted):
    """2-d convolution of each channel alone, weights [channels][kernel_height][kernel_width]; any
    kernel, stride and padding (see Window)."""

    kind = "depthwise_conv2d"
    name_stem = "depthwise"

    def __init__(
        self, kernel, stride=1, padding="valid", activation="none", *, name=None, source=None
    ):
        super().__init__(1, activation, name=name, source=source)  # units: as many as it reads
        self.window = Window(kernel, stride, padding)

    def build(self, input_shape, rng):
        self.input_shape = tuple(input_shape)
        self.output_shape = (*self.window.build(input_shape), input_shape[2])
        self.units = input_shape[2]
        self.weights = np.empty((self.units, *self.window.kernel), np.float32)
        self.reset(rng)

    def forward(self, x):
        self._padded = self.window.pad(x, 0)
        products = self._multiply(self.window.view(self._padded), self._rows())
        sums = products.sum(axis=0)
        sums += self.biases
        return self._activate(sums)

    def backward(self, dy, input_needed=True):
        dy = self._through_activation(dy)
        # Sums over all places as products with ones: faster than sum.
        ones = np.ones(dy.size // self.units, dy.dtype)
        products = self._multiply(self.window.view(self._padded), dy)
        of_taps = ones @ products.reshape(*self.window.kernel, -1, self.units)
        self.gradients = {
            "weights": of_taps.transpose(2, 0, 1),
            "biases": ones @ dy.reshape(-1, self.units),
        }
        if not input_needed:
            return None
        products = self._multiply(self._rows(), dy)
        return self.window.cut(self.window.scatter(products, self._padded.shape), self.input_shape)

    def _multiply(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Of each tap, place and channel: [ky * kx][batch][oy][ox][channels]."""
        kernel, batch = self.window.kernel, len(self._padded)
        shape = (kernel[0] * kernel[1], batch, *self.output_shape)
        products = self._workspace(shape, np.result_type(a, b))
        np.multiply(a, b, out=products.reshape(*kernel, *shape[1:]))
        return products

    def _rows(self) -> np.ndarray:
        """The weights for whole rows, [ky][kx][1][1][ox][channels]: numpy multiplies a row by a
        row faster than a short list of channels many times."""
        by_tap = self.weights.transpose(1, 2, 0)[:, :, None, None, None]
        return np.tile(by_tap, (1, 1, 1, 1, self.output_shape[1], 1))
