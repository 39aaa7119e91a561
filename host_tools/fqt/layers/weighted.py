"""What Dense and the convolutions share: weights, biases, an activation."""

from __future__ import annotations

import numpy as np

from fqt.arguments import is_whole_number
from fqt.layers.activation import activate, check_activation, through_activation
from fqt.layers.layer import Layer
from fqt.layers.limits import LARGEST_EXTENT


class Weighted(Layer):
    """Weights [out][...], biases [out], an activation: "none", "relu" or "relu6"."""

    def __init__(
        self,
        units: int,
        activation: str = "none",
        *,
        name: str | None = None,
        source: str | None = None,
    ):
        super().__init__(name=name, source=source)
        if not is_whole_number(units, 1, LARGEST_EXTENT):
            raise ValueError(
                f"a {self.kind} layer has 1 to {LARGEST_EXTENT} outputs, not {units!r}"
            )
        self.units = int(units)
        self.activation = check_activation(activation)
        self.weights = self.biases = np.empty(0, np.float32)

    def reset(self, rng: np.random.Generator) -> None:
        """Random weights (He et al. 2015), zero biases."""
        inputs = self.weights[0].size
        self.weights = rng.normal(0, np.sqrt(2 / inputs), self.weights.shape).astype(np.float32)
        self.biases = np.zeros(self.units, np.float32)

    @property
    def parameters(self) -> dict[str, np.ndarray]:
        return {"weights": self.weights, "biases": self.biases}

    def _activate(self, sums: np.ndarray) -> np.ndarray:
        self._y = activate(self.activation, sums)
        return self._y

    def _through_activation(self, dy: np.ndarray) -> np.ndarray:
        return through_activation(self.activation, self._y, dy)
