"""Two layers' outputs side by side, as U-Nets and networks with several branches have."""

from __future__ import annotations

import numpy as np

from fqt.layers.activation import activate, through_activation
from fqt.layers.two_inputs import TwoInputs


class Concatenate(TwoInputs):
    """The channels of its source, and behind them those of the earlier layer named `other` (or
    "input"), of the same height and width; then the activation."""

    kind = name_stem = "concatenate"

    def build(self, input_shape, rng, other_shape):
        if tuple(input_shape[:2]) != tuple(other_shape[:2]):
            raise ValueError(
                f"{input_shape} and {self.other!r} of {other_shape} differ in height or width"
            )
        super().build(input_shape, rng)
        self._channels = input_shape[2]
        self.output_shape = (*input_shape[:2], input_shape[2] + other_shape[2])

    def forward(self, x, other):
        self._y = activate(self.activation, np.concatenate([x, other], axis=3))
        return self._y

    def backward(self, dy, input_needed=True):
        """The gradients of both: of each its channels."""
        dy = through_activation(self.activation, self._y, dy)
        return dy[..., : self._channels], dy[..., self._channels :]
