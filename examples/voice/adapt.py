"""Says what adapting gains: commands.fqt learns from few commands of each of the four new
speakers, in the device's own code; as many others of theirs test it.

    python adapt.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fqt import core
from fqt.reference.fixed import shuffle
from fqt.train.schedules import learning_rate

HERE = Path(__file__).resolve().parent
SPEAKERS = "slt", "rms", "awb", "kal16"
LEARN = 60  # of each speaker: 10 of each command; the rest tests
COUNTS = 0, 12, 30, 60
EPOCHS, RATE = 20, 0.01  # as in main.py
SEEDS = range(1, 6)


def adapted(model: bytes, x, y, seed: int) -> core.Model:
    net = core.Model(model)
    order = np.arange(len(y))
    for epoch in range(EPOCHS if len(y) else 0):
        shuffle(order, seed + epoch)
        net.train_many(x, y, order, learning_rate("linear", RATE, epoch, EPOCHS))
    return net


def main() -> None:
    model = (HERE / "commands.fqt").read_bytes()
    with np.load(HERE / "speakers.npz") as data:
        parts = dict(data)
    others = parts["others_x"], parts["others_y"]
    rights: dict[int, list[float]] = {}  # of all speakers, by how many commands are learned
    print(f"{'speaker':<10}{'learned':>8}{'right, %':>16}{'other voices, %':>18}")
    for name in SPEAKERS:
        x, y = parts[f"{name}_x"], parts[f"{name}_y"]
        for count in COUNTS:
            found = []
            for seed in SEEDS:
                # Each command as often: they come in rounds, of which some are taken.
                rounds = np.arange(LEARN).reshape(-1, 6)
                few = np.random.default_rng(seed).permutation(rounds)[: count // 6].ravel()
                net = adapted(model, x[few], y[few], seed)
                found.append((net.evaluate(x[LEARN:], y[LEARN:]), net.evaluate(*others)))
            right, other = 100 * np.array(found).T
            error = right.std(ddof=1) / np.sqrt(len(right))
            rights.setdefault(count, []).append(right.mean())
            said = f"{right.mean():.1f} ± {error:.1f}"
            print(f"{name:<10}{count:>8}{said:>16}{other.mean():>18.1f}")
    for count, of_speakers in rights.items():
        error = np.std(of_speakers, ddof=1) / np.sqrt(len(of_speakers))
        said = f"{np.mean(of_speakers):.1f} ± {error:.1f}"
        print(f"{'all':<10}{count:>8}{said:>16}")


if __name__ == "__main__":
    main()
