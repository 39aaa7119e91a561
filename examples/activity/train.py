"""Make what the device needs: activity.fqt, a network that knows what people do from an
accelerometer, and wearer.fqd, windows of one who moves in another way.

    python train.py [FOLDER]

No free recording of people was at hand: both are SYNTHETIC, made here. A window has 64 readings
(1.28 s at 50 Hz) of three axes, int16, 1/2048 g each. A step is a swing of the body with its first
harmonics; people differ in how often, how hard and how the device sits. The wearer has it on the
other side, turned by 90 degrees, and takes slower and softer steps.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from fqt import Conv1D, Dense, GlobalAveragePool, Sequential, core, quantize
from fqt.samples.recordings import write_recording

ACTIVITIES = "still", "walking", "stairs", "running"
# Of each: steps a second, swing in g, share of the second harmonic, swing forwards.
GAITS = (0.3, 0.01, 0.0, 0.01), (1.8, 0.3, 0.3, 0.15), (1.4, 0.3, 0.7, 0.3), (2.7, 1.0, 0.4, 0.4)
READINGS = 64
RATE = 50  # Hz
LSB = 1 / 2048  # g
WEARER = np.array([[0.8, 0, 0.6], [-0.6, 0, 0.8], [0, 1.0, 0]])  # how the device is turned


def windows(rng, people: int, each: int, turned=None, pace=1.0, force=1.0):
    """each windows of every activity of so many people, in a random order: int16 [n][1][64][3],
    labels."""
    time = np.arange(READINGS) / RATE
    x, y = [], []
    for _ in range(people):
        own_pace, own_force = pace * rng.normal(1, 0.07), force * rng.normal(1, 0.15)
        tilt = rng.normal(0, 0.3, 3)
        for label, (often, swing, second, forwards) in enumerate(GAITS):
            for _ in range(each):
                phase = 2 * np.pi * (often * own_pace * rng.normal(1, 0.04) * time + rng.random())
                strong = own_force * rng.normal(1, 0.1)
                up = swing * strong * (np.sin(phase) + second * np.sin(2 * phase + 0.5))
                ahead = forwards * strong * np.sin(phase + 1.2)
                aside = 0.4 * forwards * strong * np.sin(phase / 2)
                motion = np.stack([1 + up, ahead, aside], axis=1)
                motion += np.cross(np.broadcast_to(tilt, motion.shape), motion)
                if turned is not None:
                    motion = motion @ turned.T
                motion += rng.normal(0, 0.02, motion.shape)
                x.append(np.clip(np.round(motion / LSB), -32768, 32767).astype(np.int16))
                y.append(label)
    order = rng.permutation(len(y))
    return np.array(x)[order][:, None], np.array(y)[order]


def main(folder: Path) -> None:
    rng = np.random.default_rng(1)
    x, y = windows(rng, people=40, each=10)
    layers = [
        Conv1D(8, 5, stride=2, activation="relu"),
        Conv1D(16, 5, stride=2, activation="relu"),
        GlobalAveragePool(),
        Dense(16, activation="relu"),
        Dense(len(ACTIVITIES)),
    ]
    net = Sequential(layers, x.shape[1:], seed=1, name="activity")
    net.standardize_data(x)
    for _ in net.fit(x, y, epochs=8, lr=0.02):
        pass
    test_x, test_y = windows(rng, people=10, each=10)
    print(f"others whom it never saw: {100 * net.evaluate(test_x, test_y):.1f} % right")
    model = quantize(
        net, x[:400], input_type="int8", labels=list(ACTIVITIES), note="50 Hz, 1/2048 g"
    )
    model.write(folder / "activity.fqt")
    x, y = windows(rng, people=1, each=60, turned=WEARER, pace=0.8, force=0.7)
    write_recording(folder / "wearer.fqd", x, y)
    print(f"its wearer: {100 * core.Model(model).evaluate(x.astype(np.float32), y):.1f} % right")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
