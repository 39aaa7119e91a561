"""Batch normalization, for training in float32: quantizing folds it into the layer before."""

from __future__ import annotations

import numpy as np

from fqt.arguments import real_number
from fqt.layers.activation import activate, check_activation, through_activation
from fqt.layers.layer import Layer


class BatchNormalization(Layer):
    """y = gamma * (x - mean) / sqrt(variance + epsilon) + beta, channel by channel (Ioffe and
    Szegedy 2015).

    mean and variance (the biased one) are the batch's while the layer trains with more than one
    sample; else the running ones: running = momentum * running + (1 - momentum) * batch's. It
    reads a Dense, Conv2D or DepthwiseConv2D without activation that no other layer reads, and
    trains when that one does.
    """

    kind = name_stem = "batch_norm"

    def __init__(
        self,
        activation: str = "none",
        momentum: float = 0.9,
        epsilon: float = 1e-5,
        *,
        name: str | None = None,
        source: str | None = None,
    ):
        super().__init__(name=name, source=source)
        if not 0 <= real_number("momentum", momentum) < 1:
            raise ValueError(f"momentum is 0 or more and below 1, not {momentum}")
        if not real_number("epsilon", epsilon) > 0:
            raise ValueError(f"epsilon is above 0, not {epsilon}")
        self.activation = check_activation(activation)
        self.momentum = momentum
        self.epsilon = epsilon
        self.training = False  # whether a forward pass is one of training: the network says

    def build(self, input_shape, rng):
        super().build(input_shape, rng)
        self.reset(rng)

    def reset(self, rng: np.random.Generator) -> None:
        """No change of the input, until it trains."""
        channels = self.input_shape[-1]
        self.gamma, self.running_variance = np.ones((2, channels), np.float32)
        self.beta, self.running_mean = np.zeros((2, channels), np.float32)

    @property
    def parameters(self) -> dict[str, np.ndarray]:
        return {"gamma": self.gamma, "beta": self.beta}

    @property
    def state(self) -> dict[str, np.ndarray]:
        return {
            **self.parameters,
            "running_mean": self.running_mean,
            "running_variance": self.running_variance,
        }

    def forward(self, x):
        flat = x.reshape(-1, x.shape[-1])
        self._of_batch = self.training and len(x) > 1
        if self._of_batch:
            mean, variance = flat.mean(axis=0), flat.var(axis=0)
            new = 1 - self.momentum
            self.running_mean += new * (mean - self.running_mean)
            self.running_variance += new * (variance - self.running_variance)
        else:
            mean, variance = self.running_mean, self.running_variance
        self._inverse = 1 / np.sqrt(variance + self.epsilon)
        self._normalized = (flat - mean) * self._inverse
        sums = self._normalized * self.gamma
        sums += self.beta
        self._y = activate(self.activation, sums.reshape(x.shape))
        return self._y

    def backward(self, dy, input_needed=True):
        flat = through_activation(self.activation, self._y, dy).reshape(self._normalized.shape)
        dgamma, dbeta = (flat * self._normalized).sum(axis=0), flat.sum(axis=0)
        self.gradients = {"gamma": dgamma, "beta": dbeta}
        if not input_needed:
            return None
        if self._of_batch:  # mean and variance depend on the input too
            flat = flat - (dbeta + self._normalized * dgamma) / len(flat)
        return (flat * (self.gamma * self._inverse)).reshape(dy.shape)
