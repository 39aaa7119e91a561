"""Max pooling."""

from __future__ import annotations

import numpy as np

from fqt.layers.layer import Layer
from fqt.layers.window import Window


class MaxPool2D(Layer):
    """The greatest value of each window; by default windows do not overlap (stride = kernel)."""

    kind = name_stem = "max_pool2d"

    def __init__(self, kernel, stride=None, padding="valid", *, name=None, source=None):
        super().__init__(name=name, source=source)
        self.window = Window(kernel, kernel if stride is None else stride, padding)

    def build(self, input_shape, rng):
        self.input_shape = tuple(input_shape)
        self.output_shape = (*self.window.build(input_shape), input_shape[2])

    def forward(self, x):
        self._padded = self.window.pad(x, -np.inf)
        self._y = self.window.view(self._padded).max(axis=(0, 1))
        return self._y

    def backward(self, dy, input_needed=True):
        # The first of equal greatest values takes the gradient.
        greatest = (self.window.view(self._padded) == self._y).reshape(-1, *dy.shape)
        first = greatest.argmax(axis=0) == np.arange(len(greatest)).reshape(-1, *[1] * dy.ndim)
        return self.window.cut(
            self.window.scatter(first * dy, self._padded.shape), self.input_shape
        )
