"""Training as a program asks for it, one epoch after another."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from fqt.inputs import DivergenceError
from fqt.layers.layer import Layer
from fqt.reference.fixed import shuffle


@dataclass
class Epoch:
    """What one epoch of training gave. loss: mean over its samples, before each step."""

    epoch: int
    loss: float
    lr: float


class Epochs(Iterator[Epoch]):
    """The epochs of a fit: each is trained when it is asked for. Warns when it is dropped before
    the first, since nothing has trained then."""

    def __init__(self, trained: Iterator[Epoch]):
        self._trained = trained
        self._has_started = False

    def __next__(self) -> Epoch:
        self._has_started = True
        return next(self._trained)

    def __del__(self):
        if not self._has_started:
            warnings.warn(
                "nothing was trained: fit trains as its epochs are asked for, "
                "as in `for epoch in net.fit(...): print(epoch)`",
                stacklevel=2,
            )


def train_epochs(
    net,
    x: np.ndarray,
    y: np.ndarray,
    rates: list[float],
    batch: int,
    chosen: list[int],
    seed: int,
    weight_decay: float,
    weights: np.ndarray | None = None,
) -> Iterator[Epoch]:
    """Train a Sequential for as many epochs as there are rates. x, y: as labelled_samples returns
    them; chosen: the layers (from 0) that train; weights: what each sample's gradient is
    multiplied by. Raises DivergenceError when a loss or a parameter
    is no finite number any more."""
    order = np.arange(len(x))
    layers = [net.layers[i] for i in chosen]
    for number, lr in enumerate(rates, 1):
        rate = np.float32(lr)
        shuffle(order, seed + number - 1)
        loss = 0.0
        with np.errstate(over="ignore", invalid="ignore"):  # an infinite loss is told below
            for start in range(0, len(x), batch):
                picked = order[start : start + batch]
                of_picked = None if weights is None else weights[picked]
                of_batch = net.gradients(x[picked], y[picked], chosen, of_picked)
                if not np.isfinite(of_batch):
                    raise _divergence(number, lr)
                loss += of_batch * len(picked)
                for layer in layers:
                    _step(layer, rate, np.float32(weight_decay))
        if not all(np.isfinite(a).all() for layer in layers for a in layer.state.values()):
            raise _divergence(number, lr)
        yield Epoch(number, loss / len(x), float(rate))


def _step(layer: Layer, rate: np.float32, weight_decay: np.float32) -> None:
    for key, values in layer.parameters.items():
        gradient = layer.gradients[key]
        if weight_decay and key == "weights":
            gradient = gradient + weight_decay * values
        values -= rate * gradient


def _divergence(epoch: int, rate: float) -> DivergenceError:
    return DivergenceError(
        f"training diverged in epoch {epoch} at lr {rate:g}, a loss or a weight is no finite "
        "number any more: reset() or load() the network, lower lr, and see that inputs are about 1"
    )
