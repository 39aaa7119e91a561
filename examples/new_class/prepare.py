"""Make what the board needs: digits.fqt, a network that knows the digits 0 to 8 and never saw a 9,
and recordings: old.fqd, what it learned from; nines.fqd, ten of the new; test.fqd, digits of all
kinds that neither has.

    python prepare.py [FOLDER]

The digits are real handwriting, those of the example rotated_digits (its README says whose; CC BY
4.0).
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from fqt import Conv2D, Dense, Flatten, MaxPool2D, Sequential, quantize
from fqt.samples.recordings import write_recording

DIGITS = Path(__file__).resolve().parent.parent / "rotated_digits" / "digits.npz"
TEST_SAMPLES = 397
NEW = 9


def main(folder: Path) -> None:
    with np.load(DIGITS) as data:
        images, labels = data["images"], data["labels"]
    order = np.random.default_rng(0).permutation(len(labels))
    x, y = (images[order] * 15)[..., None].astype(np.uint8), labels[order]
    test_x, test_y, x, y = x[:TEST_SAMPLES], y[:TEST_SAMPLES], x[TEST_SAMPLES:], y[TEST_SAMPLES:]
    layers = [
        Conv2D(8, 3, padding="same", activation="relu"),
        Conv2D(16, 3, padding="same", activation="relu"),
        MaxPool2D(2),
        Flatten(),
        Dense(32, activation="relu"),
        Dense(10),  # one of them for what is to come
    ]
    net = Sequential(layers, (8, 8, 1), seed=1, name="digits")
    old = y != NEW
    for _ in net.fit(x[old] / np.float32(255), y[old], epochs=10, lr=0.02):
        pass
    quantize(net, x[old][:100] / np.float32(255)).write(folder / "digits.fqt")
    write_recording(folder / "old.fqd", x[old], y[old])
    write_recording(folder / "nines.fqd", x[~old][:10], y[~old][:10])
    write_recording(folder / "test.fqd", test_x, test_y)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
