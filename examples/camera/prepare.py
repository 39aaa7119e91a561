"""Makes what the board needs: camera.fqt, a network whose frozen layers learned from drawn shapes,
and frames.fqd, what a camera sees of four objects.

    pip install scikit-learn
    python prepare.py [FOLDER]

With --compare it says too what the frozen layers are worth: the last layer learns behind them, and
behind layers of the same form with random weights, from few frames or many.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from views import OBJECTS, SHAPES, SIZE, objects, shapes

from fqt import Conv2D, Dense, MaxPool2D, ModelFile, Sequential, core, quantize
from fqt.experiment.statistics import paired_differences
from fqt.reference.fixed import shuffle
from fqt.samples.recordings import write_recording
from fqt.train.schedules import learning_rate

DRAWN = 900  # frames of each shape
LEARN, TEST = 15, 25  # frames of each object
EPOCHS, RATE = 20, 0.01  # as in main.py
SEEDS = range(1, 11)


def network(seed: int, x: np.ndarray, y: np.ndarray | None = None) -> ModelFile:
    """Trained on frames and their labels, or without labels as it begins; one output is there for
    each shape."""
    layers = [
        Conv2D(8, 3, stride=2, padding=1, activation="relu"),
        Conv2D(16, 3, stride=2, padding=1, activation="relu"),
        Conv2D(24, 3, stride=2, padding=1, activation="relu"),
        MaxPool2D(2),
        Dense(len(SHAPES)),
    ]
    net = Sequential(layers, (SIZE, SIZE, 1), seed=seed, name="camera")
    real = x / np.float32(255)
    if y is not None:
        for _ in net.fit(real, y, epochs=12, lr=0.02):
            pass
        test_x, test_y = shapes(np.random.default_rng(2), 30)
        print(f"drawn shapes: {100 * net.evaluate(test_x / np.float32(255), test_y):.1f} % right")
    return quantize(net, real[:200], train="last:1", labels=[*OBJECTS, "", ""])


def learnt(model: ModelFile, x, y, learned: int, seed: int) -> float:
    """How many % of the frames behind the first LEARN of each object are right, after as many of
    each of the others as said were learned."""
    net = core.Model(model)
    net.reset()
    rounds = np.arange(LEARN * len(OBJECTS)).reshape(LEARN, -1)
    few = np.random.default_rng(seed).permutation(rounds)[:learned].ravel()
    order = np.arange(len(few))
    for epoch in range(EPOCHS):
        shuffle(order, seed + epoch)
        net.train_many(x[few], y[few], order, learning_rate("linear", RATE, epoch, EPOCHS))
    return 100 * net.evaluate(x[rounds.size :], y[rounds.size :])


def compare(model: ModelFile, drawn: np.ndarray) -> None:
    """Each seed has frames and random weights of its own."""
    frames = {seed: objects(np.random.default_rng(100 + seed), LEARN + TEST) for seed in SEEDS}
    for learned in 3, 8, LEARN:
        ours = [learnt(model, *frames[seed], learned, seed) for seed in SEEDS]
        others = [learnt(network(seed, drawn), *frames[seed], learned, seed) for seed in SEEDS]
        gain = paired_differences(np.array(others), np.array(ours))
        print(
            f"{learned:2d} frames of each: {np.mean(ours):.1f} % right, behind random layers "
            f"{np.mean(others):.1f} %; gain {gain.mean:.1f} ± {gain.standard_error:.1f}"
        )


def main(folder: Path, compares: bool) -> None:
    drawn, labels = shapes(np.random.default_rng(1), DRAWN)
    model = network(1, drawn, labels)
    x, y = objects(np.random.default_rng(3), LEARN + TEST)
    model.write(folder / "camera.fqt")
    write_recording(folder / "frames.fqd", x, y)
    if compares:
        compare(model, drawn)


if __name__ == "__main__":
    arguments = [argument for argument in sys.argv[1:] if argument != "--compare"]
    main(Path(arguments[0] if arguments else "."), "--compare" in sys.argv)
