"""Average pooling, of windows and of whole images."""

from __future__ import annotations

import numpy as np

from fqt.layers.layer import Layer
from fqt.layers.limits import LARGEST_KERNEL
from fqt.layers.window import Window


class AveragePool2D(Layer):
    """The mean of each window, without padding; by default windows do not overlap (stride =
    kernel)."""

    kind = "average_pool2d"
    name_stem = "average_pool"

    def __init__(self, kernel, stride=None, *, name=None, source=None):
        super().__init__(name=name, source=source)
        self.window = Window(kernel, kernel if stride is None else stride, "valid")

    def build(self, input_shape, rng):
        self.input_shape = tuple(input_shape)
        self.output_shape = (*self.window.build(input_shape), input_shape[2])

    def forward(self, x):
        return self.window.view(x).mean(axis=(0, 1))

    def backward(self, dy, input_needed=True):
        taps = self.window.kernel[0] * self.window.kernel[1]
        shares = np.broadcast_to(dy / taps, (taps, *dy.shape))
        return self.window.scatter(shares, (len(dy), *self.input_shape))


class GlobalAveragePool(Layer):
    """The mean of each channel, 1 x 1 x channels: in a model file an average_pool2d whose kernel
    is the whole image, which is at most 255 x 255."""

    kind = "average_pool2d"
    name_stem = "average_pool"

    def build(self, input_shape, rng):
        if len(input_shape) != 3 or max(input_shape[:2]) > LARGEST_KERNEL:
            raise ValueError(
                f"a global average pool takes at most {LARGEST_KERNEL} x {LARGEST_KERNEL} places, "
                f"not {input_shape}: reduce the extent before it"
            )
        extents = tuple(input_shape[:2])
        # The stride changes nothing, but says that no two windows overlap.
        self.window = Window(extents, extents, "valid")
        self.input_shape = tuple(input_shape)
        self.output_shape = (*self.window.build(input_shape), input_shape[2])

    def forward(self, x):
        return x.mean(axis=(1, 2), keepdims=True)

    def backward(self, dy, input_needed=True):
        share = dy / (self.input_shape[0] * self.input_shape[1])
        return np.broadcast_to(share, (len(dy), *self.input_shape))
