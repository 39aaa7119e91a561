#!/usr/bin/env python3
"""Write the table of docs/field.md: a new class is learned from ten samples, with and without a
replay memory, in the core.

    tools/replay.py DATA

DATA has har_hapt.npz and fsdd.npz (examples/experiments/README.md says what is in them). Networks
are pretrained once, and kept in build/replay.
"""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from tables import ROOT, replace_table

from fqt import core, quantize
from fqt.experiment import data
from fqt.experiment.configuration import read_experiment
from fqt.experiment.statistics import paired_differences
from fqt.reference.fixed import shuffle
from fqt.samples.replay import replay_choice
from fqt.train.schedules import learning_rate

NEW_SAMPLES = 10
WAYS = (0, 1), (50, 1), (100, 1), (100, 2), (200, 1)  # samples kept, rounds of them in an epoch
PRETRAINING = 10, 0.01  # epochs and rate
CALIBRATION = 200


@dataclass(frozen=True)
class Case:
    """An experiment whose network and data are used; epochs and rate of learning the new class."""

    experiment: str
    epochs: int = 20
    rate: float = 0.005
    seeds: tuple[int, ...] = (1, 2, 3, 4, 5, 6)


CASES = Case("har_hapt"), Case("fsdd")


@dataclass
class Split:
    """Of one seed: all in the network's own int8."""

    old: tuple[np.ndarray, np.ndarray]
    old_test: tuple[np.ndarray, np.ndarray]
    new: tuple[np.ndarray, np.ndarray]
    new_test: tuple[np.ndarray, np.ndarray]


def train(model: core.Model, x, y, epochs: int, rate: float, seed: int) -> None:
    """As fqt.fit does on a device."""
    order = np.arange(len(y))
    for epoch in range(epochs):
        shuffle(order, seed + epoch)
        model.train_many(x, y, order, learning_rate("linear", rate, epoch, epochs))


def pretrained(experiment, arrays, new_class: int, seed: int, kept: Path) -> bytes:
    """A network that never saw the class: from random weights, in int8, all layers."""
    path = kept / f"{experiment.name}-{new_class}-{seed}.fqt"
    if path.exists():
        return path.read_bytes()
    is_old = arrays["y_train"] != new_class
    x, y = arrays["x_train"][is_old], arrays["y_train"][is_old]
    x, y = (part[np.random.default_rng(seed).permutation(len(y))] for part in (x, y))
    net = experiment.build(x.shape[1:], data.outputs_of(experiment, arrays), seed)
    input_type = "uint8" if experiment.data.input == "bytes" else "int8"
    model = core.Model(quantize(net, x[:CALIBRATION], input_type=input_type))
    train(model, x, y, *PRETRAINING, seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model.to_bytes())
    return path.read_bytes()


def split(arrays, new_class: int, seed: int) -> Split:
    parts = {}
    for part in ("train", "test"):
        is_new = arrays[f"y_{part}"] == new_class
        for name, chosen in (("old", ~is_new), ("new", is_new)):
            parts[name, part] = arrays[f"x_{part}"][chosen], arrays[f"y_{part}"][chosen]
    x, y = parts["new", "train"]
    few = np.random.default_rng(seed).permutation(len(y))[:NEW_SAMPLES]
    return Split(
        parts["old", "train"], parts["old", "test"], (x[few], y[few]), parts["new", "test"]
    )


def learn(network: bytes, case: Case, of: Split, way: tuple, seed: int) -> np.ndarray:
    """[old classes before, after, new class after], each the share that is recognised."""
    model = core.Model(network)
    before = model.evaluate(*of.old_test)
    x, y = of.new
    kept, rounds = way
    if kept:
        chosen = np.tile(replay_choice(*of.old, kept, seed), rounds)
        x = np.concatenate([x, of.old[0][chosen]])
        y = np.concatenate([y, of.old[1][chosen]])
    train(model, x, y, case.epochs, case.rate, seed)
    return np.array([before, model.evaluate(*of.old_test), model.evaluate(*of.new_test)])


def rows(case: Case, folder: Path, kept: Path) -> list[str]:
    experiment = read_experiment(ROOT / f"examples/experiments/{case.experiment}.toml")
    arrays = data.load(experiment, folder)
    classes = data.outputs_of(experiment, arrays)
    found: dict[tuple[int, int], list[np.ndarray]] = {}
    for seed in case.seeds:
        new_class = (seed - 1) % classes
        network = pretrained(experiment, arrays, new_class, seed, kept)
        of = split(arrays, new_class, seed)
        for way in WAYS:
            result = learn(network, case, of, way, seed)
            print(case.experiment, seed, way, np.round(100 * result, 2), flush=True)
            found.setdefault(way, []).append(100 * result)
    lines = []
    for (count, rounds), results in found.items():
        before, after, new = np.array(results).T
        lost = paired_differences(after, before)
        error = paired_differences(np.zeros(len(new)), new).standard_error
        lines.append(
            f"| {case.experiment} | {count or 'none'} | "
            f"{rounds if count else ''} | "
            f"{before.mean():.1f} | {lost.mean:.1f} ± {lost.standard_error:.1f} | "
            f"{new.mean():.1f} ± {error:.1f} |"
        )
    return lines


HEADER = [
    "| data | samples kept | rounds | old classes before, % | "
    "points that they lose | new class, % |",
    "|---" * 6 + "|",
]


def main(folder: Path) -> None:
    lines = list(HEADER)
    with ProcessPoolExecutor(len(CASES)) as processes:
        for made in processes.map(partial(rows, folder=folder, kept=ROOT / "build/replay"), CASES):
            lines += made
    print("\n".join(lines))
    replace_table(ROOT / "docs/field.md", "tools/replay.py", "\n".join(lines))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: tools/replay.py DATA")
    main(Path(sys.argv[1]))
