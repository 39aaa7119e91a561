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

from fqt import quantize
from fqt.samples.recordings import write_recording

sys.path.append(str(Path(__file__).resolve().parent.parent / "rotated_digits"))
from demo import TEST_SAMPLES, digits, network, real

NEW = 9


def main(folder: Path) -> None:
    images, labels = digits()
    test_x, test_y = images[:TEST_SAMPLES], labels[:TEST_SAMPLES]
    x, y = images[TEST_SAMPLES:], labels[TEST_SAMPLES:]
    net = network(seed=1)  # ten outputs: one of them for what is to come
    old = y != NEW
    for _ in net.fit(real(x[old]), y[old], epochs=10, lr=0.02):
        pass
    quantize(net, real(x[old][:100])).write(folder / "digits.fqt")
    write_recording(folder / "old.fqd", x[old], y[old])
    write_recording(folder / "nines.fqd", x[~old][:10], y[~old][:10])
    write_recording(folder / "test.fqd", test_x, test_y)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
