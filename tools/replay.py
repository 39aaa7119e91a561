#!/usr/bin/env python3
"""Write the table of docs/field.md: a new class is learned from ten samples, with and without a
replay memory, and in other ways than fqt.Replay's (tools/replay_ways.py), in the core.

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
from replay_ways import BASE, WAYS, WAYS_OF_SIZE, Way, kept, learn_new, train
from tables import ROOT, replace_table

from fqt import core, quantize
from fqt.experiment import data
from fqt.experiment.configuration import read_experiment
from fqt.experiment.statistics import paired_differences

NEW_SAMPLES = 10
PRETRAINING = 10, 0.01  # epochs and rate
CALIBRATION = 200


@dataclass(frozen=True)
class Case:
    """An experiment whose network and data are used; epochs and rate of learning the new class."""

    experiment: str
    epochs: int = 20
    rate: float = 0.005
    seeds: tuple[int, ...] = (1, 2, 3, 4, 5, 6)


CASES = Case("har_hapt", seeds=tuple(range(1, 13))), Case("fsdd")


@dataclass
class Split:
    """Of one seed: all in the network's own int8."""

    old: tuple[np.ndarray, np.ndarray]
    old_test: tuple[np.ndarray, np.ndarray]
    new: tuple[np.ndarray, np.ndarray]
    new_test: tuple[np.ndarray, np.ndarray]


def pretrained(experiment, arrays, new_class: int, seed: int, folder: Path) -> bytes:
    """A network that never saw the class: from random weights, in int8, all layers."""
    path = folder / f"{experiment.name}-{new_class}-{seed}.fqt"
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


def learn(network: bytes, case: Case, of: Split, way: Way, seed: int) -> np.ndarray:
    """[old classes before, after, what of them is taken for the new class, new class after], each
    a share of the samples."""
    model = core.Model(network)
    before = model.evaluate(*of.old_test)
    new = of.new if way.has_new else (of.new[0][:0], of.new[1][:0])
    chosen = kept(model, *of.old, way, seed)
    old = of.old[0][chosen], of.old[1][chosen]
    learn_new(model, new, old, way, case.epochs, case.rate, seed)
    found = model.predict_many(of.old_test[0])
    after = np.mean(found == of.old_test[1])
    taken = np.mean(found == of.new[1][0])
    return np.array([before, after, taken, model.evaluate(*of.new_test)])


def rows(case: Case, folder: Path, kept_networks: Path) -> list[str]:
    experiment = read_experiment(ROOT / f"examples/experiments/{case.experiment}.toml")
    arrays = data.load(experiment, folder)
    classes = data.outputs_of(experiment, arrays)
    found: dict[Way, list[np.ndarray]] = {way: [] for way in WAYS}
    for seed in case.seeds:
        new_class = (seed - 1) % classes
        network = pretrained(experiment, arrays, new_class, seed, kept_networks)
        of = split(arrays, new_class, seed)
        for way, results in found.items():
            results.append(100 * learn(network, case, of, way, seed))
            print(case.experiment, seed, way, np.round(results[-1], 2), flush=True)
    return [row(case, way, np.array(found[way]), np.array(found[BASE])) for way in WAYS]


def row(case: Case, way: Way, results: np.ndarray, base: np.ndarray) -> str:
    """Of a way's results, [seeds][4], beside those of BASE."""
    before, after, taken, new = results.T
    lost = paired_differences(after, before)
    beside = paired_differences(base[:, 0] - base[:, 1], before - after)
    error = paired_differences(np.zeros(len(new)), new).standard_error
    is_other = way not in (BASE, *WAYS_OF_SIZE)
    return (
        f"| {case.experiment} | {way.kept or 'none'} | {way.said} | "
        f"{before.mean():.1f} | {lost.mean:.1f} ± {lost.standard_error:.1f} | "
        + (f"{beside.mean:+.1f} ± {beside.standard_error:.1f}" if is_other else "")
        + f" | {taken.mean():.1f} | {new.mean():.1f} ± {error:.1f} |"
    )


HEADER = [
    "| data | samples kept | how | old classes before, % | points that they lose | "
    "more than with 100 | taken for the new, % | new class, % |",
    "|---" * 8 + "|",
]


def main(folder: Path) -> None:
    lines = list(HEADER)
    with ProcessPoolExecutor(len(CASES)) as processes:
        for made in processes.map(
            partial(rows, folder=folder, kept_networks=ROOT / "build/replay"), CASES
        ):
            lines += made
    print("\n".join(lines))
    replace_table(ROOT / "docs/field.md", "tools/replay.py", "\n".join(lines))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: tools/replay.py DATA")
    main(Path(sys.argv[1]))
