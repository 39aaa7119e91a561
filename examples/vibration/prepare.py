"""Make what the device needs: vibration.fqt, an autoencoder that knows nothing yet, and
machine.fqd, windows of a machine.

    python prepare.py [FOLDER]

No free recording that is small was at hand: both are SYNTHETIC, made here. A window has 128
readings (0.128 s at 1000 Hz) of one axis, int16. A rotor turns at some 29 Hz with harmonics, its
gears mesh at ten times that, the load comes and goes. Damage is a bearing whose balls hit a pit:
bursts that die away, at a frequency of their own. The ranges of the autoencoder come from another
machine than the one that the device is put onto.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from levels import LEVELS, READINGS, levels

from fqt import Dense, Sequential, quantize
from fqt.samples.recordings import write_recording

RATE = 1000  # Hz
TRAINS, SETS, WHOLE, DAMAGED = 160, 200, 100, 60  # windows, in this order


def windows(rng, count: int, turns: float, damaged: bool = False) -> np.ndarray:
    """int16 [count][128] of a machine that turns so often a second."""
    time = np.arange(READINGS) / RATE
    found = []
    for _ in range(count):
        load = rng.uniform(0.6, 1.4)
        phase = 2 * np.pi * (turns * rng.normal(1, 0.01) * time + rng.random())
        motion = load * sum(
            strength * np.sin(order * phase + rng.uniform(0, 6.3))
            for order, strength in ((1, 900), (2, 500), (3, 250), (10, 300 * load))
        )
        if damaged:
            since = (time + rng.uniform(0, 0.01)) % (1 / (3.6 * turns))
            motion += 1200 * np.exp(-since / 0.002) * np.sin(2 * np.pi * 410 * since)
        motion += rng.normal(0, 60, READINGS)
        found.append(np.clip(np.round(motion), -32768, 32767).astype(np.int16))
    return np.array(found)


def main(folder: Path) -> None:
    rng = np.random.default_rng(1)
    other = np.array([levels(one.tolist()) for one in windows(rng, 200, 26.0)], np.float32)
    layers = [Dense(12, activation="relu"), Dense(4), Dense(12, activation="relu"), Dense(LEVELS)]
    net = Sequential(layers, (1, 1, LEVELS), 1, name="vibration", loss="mean_squared_error")
    net.standardize_data(other)
    model = quantize(net, other, input_type="int8", note="levels in octaves, levels.py")
    model.write(folder / "vibration.fqt")
    whole = windows(rng, TRAINS + SETS + WHOLE, 29.0)
    both = np.concatenate([whole, windows(rng, DAMAGED, 29.0, damaged=True)])
    labels = np.repeat([0, 1], [len(whole), DAMAGED])
    write_recording(folder / "machine.fqd", both[:, None, None], labels)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
