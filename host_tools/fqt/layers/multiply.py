"""The product of two layers' outputs, as squeeze and excite networks have."""

from __future__ import annotations

import math

from fqt.layers.activation import activate, through_activation
from fqt.layers.two_inputs import TwoInputs


class Multiply(TwoInputs):
    """The output of its source times that of the earlier layer named `other` (or "input"), element
    by element; then the activation. The other has the same shape, or one value a channel."""

    kind = name_stem = "multiply"

    def build(self, input_shape, rng, other_shape):
        channels = input_shape[-1]
        if other_shape != input_shape and other_shape != (1, 1, channels):
            raise ValueError(
                f"{self.other!r} of {other_shape} is neither of {input_shape}, as its source, "
                f"nor of (1, 1, {channels}), one value a channel"
            )
        super().build(input_shape, rng)

    def forward(self, x, other):
        self._x, self._other = x, other
        self._y = activate(self.activation, x * other)
        return self._y

    def backward(self, dy, input_needed=True):
        """The gradients of both: of one value a channel, summed over the positions."""
        dy = through_activation(self.activation, self._y, dy)
        of_other = dy * self._x
        if math.prod(self._other.shape) < of_other.size:
            of_other = of_other.sum(axis=(1, 2), keepdims=True)
        return dy * self._other, of_other
