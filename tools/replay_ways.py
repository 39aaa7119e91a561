"""Ways to learn a new class beside samples of the old ones that are kept, for tools/replay.py:
fqt.Replay's, and others that could make a network forget less."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fqt import core
from fqt.reference.fixed import shuffle
from fqt.samples.replay import replay_choice
from fqt.train.schedules import learning_rate


@dataclass(frozen=True)
class Way:
    """How many samples are kept, and their rounds in an epoch; then what differs from fqt.fit of
    replay.mix(new, rounds). has_new: whether the new samples train. new_rate: their rate, as a
    share of the others'. last: so many layers with weights train alone; 0: all. is_near_mean:
    samples are chosen as near_means does. is_spread: new samples come at equal distances.
    old_outputs: how much of a kept sample's target is what the network said of it before; the
    rest is its label."""

    kept: int = 100
    rounds: int = 1
    said: str = ""
    has_new: bool = True
    new_rate: float = 1.0
    last: int = 0
    is_near_mean: bool = False
    is_spread: bool = False
    old_outputs: float = 0.0


BASE = Way()
WAYS_OF_SIZE = Way(0), Way(50), Way(200)
WAYS = (
    *WAYS_OF_SIZE[:2],
    BASE,
    WAYS_OF_SIZE[2],
    Way(rounds=2, said="`rounds=2`"),
    Way(said="the new samples left out", has_new=False),
    Way(said="half the rate for new samples", new_rate=0.5),
    Way(said="the last two layers alone", last=2),
    Way(said="kept by the class's mean", is_near_mean=True),
    Way(said="new samples spread evenly", is_spread=True),
    Way(said="outputs kept too", old_outputs=0.5),
    Way(rounds=2, said="outputs kept too, `rounds=2`", old_outputs=0.5),
)


def kept(model: core.Model, x, y, way: Way, seed: int) -> np.ndarray:
    """Which of the old samples are kept: indices."""
    if way.is_near_mean:
        return near_means(model, x, y, way.kept)
    return replay_choice(x, y, way.kept, seed) if way.kept else np.zeros(0, int)


def near_means(model: core.Model, x, y, count: int) -> np.ndarray:
    """Of each class as many samples: one after another that with which the mean of their outputs
    is nearest to the class's (M. Welling, "Herding dynamical weights to learn", ICML 2009)."""
    chosen = []
    classes = np.unique(y)
    for label in classes:
        there = np.flatnonzero(y == label)
        outputs = model.outputs(x[there])
        mean, total = outputs.mean(axis=0), np.zeros(outputs.shape[1])
        for number in range(1, count // len(classes) + 1):
            distances = (((total + outputs) / number - mean) ** 2).sum(axis=1)
            nearest = int(distances.argmin())
            chosen.append(there[nearest])
            total += outputs[nearest]
            there, outputs = (np.delete(rows, nearest, axis=0) for rows in (there, outputs))
    return np.array(chosen)


def learn_new(model: core.Model, new, old, way: Way, epochs: int, rate: float, seed: int) -> None:
    """Train on new and old samples, each (x, y), in a way."""
    count = len(new[1])
    x = np.concatenate([new[0], *[old[0]] * way.rounds])
    y = np.concatenate([new[1], *[old[1]] * way.rounds])
    if way.last:
        weighted = [i for i, layer in enumerate(model.model.layers, 1) if layer.trainable]
        for number in weighted[: -way.last]:
            model.freeze(number)
    if way.old_outputs:
        _train_to_outputs(model, x, y, count, way.old_outputs, epochs, rate, seed)
    else:
        train(model, x, y, epochs, rate, seed, count, way)


def train(
    model: core.Model, x, y, epochs: int, rate: float, seed: int, new: int = 0, way: Way = BASE
) -> None:
    """As fqt.fit does on a device; what a way does otherwise, with the first `new` samples."""
    order = np.arange(len(y))
    for epoch in range(epochs):
        shuffle(order, seed + epoch)
        taken = _spread(order, new) if way.is_spread else order
        now = learning_rate("linear", rate, epoch, epochs)
        model.train_many(x, y, taken, np.where(taken < new, now * way.new_rate, now))


def _spread(order: np.ndarray, new: int) -> np.ndarray:
    places = np.empty(len(order))
    for part in (order < new, order >= new):
        places[part] = (np.arange(part.sum()) + 0.5) / part.sum()
    return order[np.argsort(places, kind="stable")]


def _softmax(outputs: np.ndarray) -> np.ndarray:
    powers = np.exp(outputs - outputs.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def _train_to_outputs(
    model: core.Model, x, y, new: int, share: float, epochs: int, rate: float, seed: int
) -> None:
    """The gradient of the loss is made here: a device's loss takes labels alone."""
    said = _softmax(model.outputs(x))
    targets = np.eye(said.shape[1])[y]
    targets[new:] += share * (said[new:] - targets[new:])
    samples = model.quantize_inputs(x)
    order = np.arange(len(y))
    for epoch in range(epochs):
        shuffle(order, seed + epoch)
        now = learning_rate("linear", rate, epoch, epochs)
        for i in order:
            shares = _softmax(model.step_forward(samples[i]))
            model.step_backward(shares - targets[i], now)
