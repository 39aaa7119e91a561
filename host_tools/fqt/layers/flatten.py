"""A change of shape."""

from __future__ import annotations

import math

from fqt.layers.layer import Layer
from fqt.layers.limits import LARGEST_EXTENT


class Flatten(Layer):
    """height x width x channels -> 1 x 1 x elements."""

    kind = name_stem = "flatten"

    def build(self, input_shape, rng):
        self.input_shape = tuple(input_shape)
        self.output_shape = (1, 1, math.prod(input_shape))
        if self.output_shape[2] > LARGEST_EXTENT:
            raise ValueError(
                f"{self.output_shape[2]} elements, at most {LARGEST_EXTENT}: "
                "a Dense layer flattens by itself"
            )

    def forward(self, x):
        return x.reshape(len(x), *self.output_shape)

    def backward(self, dy, input_needed=True):
        return dy.reshape(len(dy), *self.input_shape)
