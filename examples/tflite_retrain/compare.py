"""Says what the frozen layers of digits.tflite are worth: the last layer learns the digits 5 to 9
behind them, and behind layers of the same shape with random weights.

    python compare.py [FOLDER]        of what prepare.py wrote

The last layer begins with other random weights for each of ten seeds, and so do random layers.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from fqt import Conv2D, Dense, MaxPool2D, ModelFile, Sequential, convert, core, quantize
from fqt.experiment.statistics import paired_differences
from fqt.reference.fixed import shuffle
from fqt.samples.recordings import Recording, read_recording
from fqt.train.schedules import learning_rate

HERE = Path(__file__).resolve().parent
EPOCHS, RATE = 20, 0.02  # as in main.py
SEEDS = 10


def random_network(x: np.ndarray, seed: int) -> ModelFile:
    layers = [
        Conv2D(16, 3, padding="same", activation="relu"),
        Conv2D(16, 3, padding="same", activation="relu"),
        MaxPool2D(2),
        Conv2D(32, 3, activation="relu"),
        Dense(5),
    ]
    net = Sequential(layers, x.shape[1:], seed=seed)
    return quantize(net, x / np.float32(255), train="last:1")


def learnt(model: ModelFile, new: Recording, count: int, test: Recording, seed: int) -> float:
    """How many % of the test samples are right after learning so many."""
    net = core.Model(model)
    net.reset()
    order = np.arange(count)
    for epoch in range(EPOCHS):
        shuffle(order, seed + epoch)
        net.train_many(new.x, new.y, order, learning_rate("linear", RATE, epoch, EPOCHS))
    return 100 * net.evaluate(test.x, test.y)


def main(folder: Path) -> None:
    new, test = (read_recording(folder / name) for name in ("new.fqd", "test.fqd"))
    known = convert(HERE / "digits.tflite", trainable="last:1")
    seeds = range(1, SEEDS + 1)
    for count in len(new.y) // 2, len(new.y):
        ours = [learnt(known, new, count, test, seed) for seed in seeds]
        others = [learnt(random_network(new.x, seed), new, count, test, seed) for seed in seeds]
        gain = paired_differences(np.array(others), np.array(ours))
        print(
            f"{count} samples: {np.mean(ours):.1f} % of {len(test.y)} right, behind random layers "
            f"{np.mean(others):.1f} %; gain {gain.mean:.1f} ± {gain.standard_error:.1f}"
        )


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
