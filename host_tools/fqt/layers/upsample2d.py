"""Upsampling: by repetition, or with zeros between, as a transposed convolution begins."""

from __future__ import annotations

import numpy as np

from fqt.layers.layer import Layer
from fqt.layers.window import Window

FILLS = ("nearest", "zeros")


class Upsample2D(Layer):
    """Images of `size` times the height and width, a number or (height, width). fill: "nearest"
    repeats each element in its block; "zeros" puts it in the first place of the block, and zeros
    in the others: a Conv2D behind it is a transposed convolution (`padding=(k - 1, k - 1 - (size -
    1), ...)` makes one without padding of its own, `padding="same"` keeps the extent)."""

    kind = name_stem = "upsample2d"

    def __init__(self, size, fill="nearest", *, name=None, source=None):
        super().__init__(name=name, source=source)
        if fill not in FILLS:
            raise ValueError(f"fill is 'nearest' or 'zeros', not {fill!r}")
        self.window = Window(size if fill == "nearest" else 1, size, "valid")

    def build(self, input_shape, rng):
        height, width, channels = self.input_shape = tuple(input_shape)
        stride = self.window.stride
        self.output_shape = (height * stride[0], width * stride[1], channels)

    def _blocks(self, images):
        """[batch][height][block height][width][block width][channels], of what x fills; a view of
        images of the output's shape."""
        height, width, channels = self.input_shape
        (rows, columns), kernel = self.window.stride, self.window.kernel
        blocks = images.reshape(len(images), height, rows, width, columns, channels)
        return blocks[:, :, : kernel[0], :, : kernel[1]]

    def forward(self, x):
        y = np.zeros((len(x), *self.output_shape), x.dtype)
        self._blocks(y)[...] = x[:, :, None, :, None]
        return y

    def backward(self, dy, input_needed=True):
        return self._blocks(np.ascontiguousarray(dy)).sum(axis=(2, 4))
