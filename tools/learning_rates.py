#!/usr/bin/env python3
"""Write the table of docs/learning_rate.md: short trainings in int8 (master=12) from random
weights, at learning rates three apart, of the experiments whose data are there.

    tools/learning_rates.py [DATA]     DATA: the folder of `make accuracy`

A cell is the mean score over the seeds, or says that a run diverged. The last column is the rule's
choice: the rate with the lowest mean loss of the first epoch.
"""

from __future__ import annotations

import math
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from tables import ROOT, replace_table

from fqt.experiment import Experiment, read_experiment, run
from fqt.experiment.configuration import Run
from fqt.inputs import DivergenceError

RATES = 0.001, 0.003, 0.01, 0.03, 0.1
SEEDS = 1, 2, 3
# Epochs of each: three, where that is thousands of steps.
EXPERIMENTS = {
    "fashion_mnist": 3,
    "cifar10_cnn": 3,
    "cifar10_residual": 3,
    "kws3": 3,
    "fsdd": 3,
    "har_hapt": 3,
    "cwru": 3,
    "cwru_autoencoder": 3,
    "diabetes": 10,
    "digits_autoencoder": 10,
}
HEADER = [
    "| experiment | epochs | "
    + " | ".join(f"{rate:g}" for rate in RATES)
    + " | lowest loss of the first epoch |",
    "|---" * (3 + len(RATES)) + "|",
]


def outcome(experiment: Experiment, data: Path, kept: Path, rate: float) -> tuple[float, float]:
    """Means over the seeds: the loss of the first epoch, and the score in percent; an infinite
    loss when a run diverged."""
    one = Run("int8", "int8", training={"learning_rate": rate})
    try:
        results = run(replace(experiment, runs=(one,)), data, kept)["runs"][0]["results"].values()
    except DivergenceError:
        return math.inf, 0.0
    losses = [loss for result in results for loss, _ in result["history"][1:2]]
    scores = [next(iter(result["scores"].values())) for result in results]
    return float(np.mean(losses)), 100 * float(np.mean(scores))


def row(name: str, epochs: int, outcomes: list[tuple[float, float]]) -> str:
    losses = [loss for loss, _ in outcomes]
    chosen = int(np.argmin(losses))
    cells = [f"{score:.1f}" if loss < math.inf else "diverged" for loss, score in outcomes]
    cells.append(f"{RATES[chosen]:g}: {cells[chosen]}")
    return f"| {name} | {epochs} | " + " | ".join(cells) + " |"


def main() -> None:
    data = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    lines = list(HEADER)
    for name, epochs in EXPERIMENTS.items():
        experiment = read_experiment(ROOT / f"examples/experiments/{name}.toml")
        if experiment.data.file and not (data / experiment.data.file).exists():
            print(f"{name}: {data} has no {experiment.data.file}", file=sys.stderr)
            continue
        training = replace(experiment.training, epochs=epochs)
        experiment = replace(experiment, training=training, seeds=SEEDS)
        kept = ROOT / "build/learning_rates"
        lines.append(row(name, epochs, [outcome(experiment, data, kept, r) for r in RATES]))
        print(lines[-1], flush=True)
    replace_table(ROOT / "docs/learning_rate.md", "tools/learning_rates.py", "\n".join(lines))


if __name__ == "__main__":
    main()
