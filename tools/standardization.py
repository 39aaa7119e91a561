#!/usr/bin/env python3
"""Write the table of docs/standardization.md: gradients brought to mean 0 and deviation 1, as the
seed paper does it, against plain SGD, each at the best of many learning rates.

Networks on scikit-learn's digits in float32, but for the weights: they have 8 bits, and their
steps are rounded stochastically, which is the noise of master=8. Statistics are those of the
mini-batch's gradient, one mean and deviation a filter or row; or running ones, alpha * old +
(1 - alpha) * new.
"""

from __future__ import annotations

import itertools

import numpy as np
from digits_networks import NETWORKS, TRAINED
from sklearn.datasets import load_digits
from tables import ROOT, replace_table

from fqt import Sequential
from fqt.reference.fixed import shuffle

EPOCHS = 5
SEEDS = 1, 2, 3
BATCHES = 1, 8, 24, 48
PLAIN_RATES = 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28
STANDARDIZED_RATES = 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.04
WAYS = {
    "plain SGD": None,
    "statistics of the batch": 0.0,
    "running, alpha 0.7": 0.7,
    "running, alpha 0.85": 0.85,
}
STUDIED = "conv 8, conv 16, pool, dense 32, dense 10", "dense 32, dense 32, dense 32, dense 10"
HEADER = [
    "| network | batch | " + " | ".join(WAYS) + " |",
    "|---" * (2 + len(WAYS)) + "|",
]


class RoundedWeights:
    """A layer's weights with 8 bits each in units of its rows, which grow by 5/4 when a weight
    does not fit. alpha: of the running statistics, None: the gradient is taken as it is."""

    def __init__(self, layer, alpha: float | None, rng: np.random.Generator):
        self.layer, self.alpha, self.rng = layer, alpha, rng
        self.units = np.abs(self._rows(layer.weights)).max(axis=1, keepdims=True) / 127
        self.mean = self.deviation = None
        self._round()

    @staticmethod
    def _rows(values: np.ndarray) -> np.ndarray:
        return values.reshape(len(values), -1)

    def _round(self) -> None:
        rows = self._rows(self.layer.weights)
        self.units *= np.where(np.abs(rows).max(axis=1, keepdims=True) > 127 * self.units, 1.25, 1)
        rounded = np.floor(rows / self.units + self.rng.random(rows.shape))
        rows[:] = np.clip(rounded, -127, 127) * self.units

    def _follow(self, old: np.ndarray | None, new: np.ndarray) -> np.ndarray:
        return new if old is None else self.alpha * old + (1 - self.alpha) * new

    def step(self, rate: float) -> None:
        gradient = self._rows(self.layer.gradients["weights"])
        of_biases = self.layer.gradients["biases"]
        if self.alpha is not None:
            self.mean = self._follow(self.mean, gradient.mean(axis=1, keepdims=True))
            self.deviation = self._follow(self.deviation, gradient.std(axis=1, keepdims=True))
            divisor = np.maximum(self.deviation, 1e-12)
            gradient = np.where(self.deviation > 0, (gradient - self.mean) / divisor, 0)
            of_biases = np.where(self.deviation[:, 0] > 0, of_biases / divisor[:, 0], 0)
        self._rows(self.layer.weights)[:] -= rate * gradient
        self.layer.biases[:] -= rate * np.clip(of_biases, -1e3, 1e3)
        self._round()


def accuracy(layers, alpha: float | None, batch: int, rate: float, seed: int, digits) -> float:
    """Percent of the test samples after a run with a rate that falls linearly; 0 when it ran
    away."""
    x, labels = digits
    net = Sequential(layers, (8, 8, 1), seed)
    rng = np.random.default_rng(seed)
    weighted = [RoundedWeights(layer, alpha, rng) for layer in net.layers if layer.parameters]
    order = np.arange(TRAINED)
    with np.errstate(all="ignore"):  # a run that goes wrong is told by its accuracy
        for epoch in range(EPOCHS):
            shuffle(order, seed + epoch)
            for start in range(0, TRAINED, batch):
                picked = order[start : start + batch]
                if not np.isfinite(net.gradients(x[picked], labels[picked])):
                    return 0.0
                for weights in weighted:
                    weights.step(rate * (1 - epoch / EPOCHS))
        outputs = net.forward(x[TRAINED:])
    return 100 * float((outputs.argmax(axis=1) == labels[TRAINED:]).mean())


def best(make, alpha: float | None, batch: int, digits) -> str:
    """The mean accuracy of all seeds at the rate where it is greatest, and that rate."""
    rates = PLAIN_RATES if alpha is None else STANDARDIZED_RATES
    scores = [
        np.mean([accuracy(make(), alpha, batch, rate, seed, digits) for seed in SEEDS])
        for rate in rates
    ]
    return f"{max(scores):.1f} ({rates[int(np.argmax(scores))]:g})"


def main() -> None:
    data = load_digits()
    digits = (data.images / np.float32(16))[..., None].astype(np.float32), data.target
    lines = list(HEADER)
    for name, batch in itertools.product(STUDIED, BATCHES):
        cells = [best(NETWORKS[name], alpha, batch, digits) for alpha in WAYS.values()]
        lines.append(f"| {name} | {batch} | " + " | ".join(cells) + " |")
        print(lines[-1], flush=True)
    replace_table(ROOT / "docs/standardization.md", "tools/standardization.py", "\n".join(lines))


if __name__ == "__main__":
    main()
