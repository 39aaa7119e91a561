#!/usr/bin/env python3
"""Write the table of docs/partial_updates.md: whole runs of two networks on scikit-learn's digits,
with partial updates and with updates of all channels, in the core."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from digits_networks import NETWORKS, TRAINED
from sklearn.datasets import load_digits
from tables import ROOT, replace_table

from fqt import Sequential, core, quantize
from fqt.inputs import DivergenceError
from fqt.options import Options
from fqt.train.schedules import learning_rate

EPOCHS = 30
RATE = 0.01
SEEDS = 1, 2, 3
UPDATE_RATES = (0.1, 1.0), (0.25, 1.0), (0.1, 0.1)
PRETRAINING = {"random weights": 0, "2 epochs in float32": 2}
HEADER = [
    "| network | from | schedule | all channels | "
    + " | ".join(
        f"{least:g}{f' to {greatest:g}' if greatest > least else ''}, {way}"
        for least, greatest in UPDATE_RATES
        for way in ("greatest", "drawn")
    )
    + " |",
    "|---" * (4 + 2 * len(UPDATE_RATES)) + "|",
]


def accuracy(data: bytes, options: Options, schedule: str, seed: int, digits) -> float:
    """Percent of the test samples after a run; 0 when it diverged."""
    x, labels = digits
    model = core.Model(data, options=options)
    rng = np.random.default_rng(seed)
    for epoch in range(EPOCHS):
        rate = learning_rate(schedule, RATE, epoch, EPOCHS)
        try:
            model.train_many(x[:TRAINED], labels[:TRAINED], rng.permutation(TRAINED), rate)
        except DivergenceError:
            return 0.0
    return 100 * model.evaluate(x[TRAINED:], labels[TRAINED:])


def rows(name: str, start: str, digits) -> Iterator[str]:
    """Of each schedule, a row."""
    x, labels = digits
    real = x[:TRAINED] / np.float32(255)
    models = {}
    for seed in SEEDS:
        net = Sequential(NETWORKS[name](), (8, 8, 1), seed)
        if PRETRAINING[start]:
            for _ in net.fit(real, labels[:TRAINED], epochs=PRETRAINING[start], lr=0.02):
                pass
        models[seed] = quantize(net, real[:100]).to_bytes()
    for schedule in ("linear", "constant"):

        def run(options: Options, schedule=schedule) -> np.ndarray:
            return np.array([accuracy(models[s], options, schedule, s, digits) for s in SEEDS])

        every = run(Options())
        cells = [f"{every.mean():.1f}"]
        for update_rate in UPDATE_RATES:
            for draws in (False, True):
                values = run(Options(update_rate, sample_updates=draws))
                cells.append(f"{values.mean():.1f} ({(every - values).max():+.1f})")
        yield f"| {name} | {start} | {schedule} | " + " | ".join(cells) + " |"


def main() -> None:
    data = load_digits()
    digits = (data.images * 255 / 16).astype(np.uint8)[..., None], data.target
    lines = list(HEADER)
    for name in NETWORKS:
        for start in PRETRAINING:
            for row in rows(name, start, digits):
                print(row, flush=True)
                lines.append(row)
    replace_table(ROOT / "docs/partial_updates.md", "tools/partial_updates.py", "\n".join(lines))


if __name__ == "__main__":
    main()
