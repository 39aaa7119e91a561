"""The sum of two layers' outputs, as residual networks have."""

from __future__ import annotations

from fqt.layers.activation import activate, through_activation
from fqt.layers.two_inputs import TwoInputs


class Add(TwoInputs):
    """The output of its source plus that of the earlier layer named `other` (or "input"), of the
    same shape; then the activation."""

    kind = name_stem = "add"

    def build(self, input_shape, rng, other_shape):
        if tuple(input_shape) != tuple(other_shape):
            raise ValueError(f"{input_shape} and {self.other!r} of {other_shape} do not add up")
        super().build(input_shape, rng)

    def forward(self, x, other):
        self._y = activate(self.activation, x + other)
        return self._y

    def backward(self, dy, input_needed=True):
        """The same gradient for both inputs."""
        dy = through_activation(self.activation, self._y, dy)
        return dy, dy
