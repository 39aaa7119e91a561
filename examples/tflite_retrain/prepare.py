"""Makes what the board needs beside the network: new.fqd, 50 digits from 5 to 9 to learn, and
test.fqd, 400 others; and known.npz, digits from 0 to 4, which `fqt convert` compares on.

    python prepare.py [FOLDER]

The digits are real handwriting, those of the example rotated_digits (its README says whose; CC BY
4.0), as bytes from 0 to 255.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from fqt.samples.recordings import write_recording

DIGITS = Path(__file__).resolve().parent.parent / "rotated_digits" / "digits.npz"
KNOWN = 5  # the digits below, which digits.tflite tells apart
TRAIN, TEST = 50, 400


def main(folder: Path) -> None:
    with np.load(DIGITS) as data:
        images, labels = data["images"], data["labels"]
    images = np.round(images[..., None] * (255 / 16)).astype(np.uint8)
    order = np.random.default_rng(1).permutation(len(labels))
    images, labels = images[order], labels[order]
    is_known = labels < KNOWN
    np.savez(folder / "known.npz", x=images[is_known], y=labels[is_known])
    x, y = images[~is_known], labels[~is_known] - KNOWN
    write_recording(folder / "new.fqd", x[:TRAIN], y[:TRAIN])
    write_recording(folder / "test.fqd", x[TRAIN : TRAIN + TEST], y[TRAIN : TRAIN + TEST])


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
