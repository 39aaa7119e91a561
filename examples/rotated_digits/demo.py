"""A sensor is mounted sideways: a network that knew upright digits learns rotated ones under
MicroPython.

1. The host trains a small CNN in float32 on upright digits (scikit-learn's, real handwriting), and
quantizes it. 2. Rotated images confuse it. MicroPython trains it, in 8-bit integers, on a few
hundred rotated samples. 3. The same network from random weights, trained under MicroPython alone.

float32 trains on the same samples in the same order with the same rates, to compare. `make demo`
runs this; figures and model files go to build/demo/, the picture to build/demo.png.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from fqt import Conv2D, Dense, Flatten, MaxPool2D, Sequential, quantize

HERE = Path(__file__).resolve().parent
BUILD = HERE.parents[1] / "build"
OUT = BUILD / "demo"
TEST_SAMPLES = 397
ADAPT_SAMPLES = 400
ADAPT_EPOCHS = 15
SCRATCH_EPOCHS = 15
RATE = 0.02


@dataclass
class Run:
    """What one training run gave: accuracies in [0, 1] before it and after each epoch."""

    accuracies: list[float]
    ram: int = 0
    speed: int = 0
    losses: list[float] = field(default_factory=list)

    @property
    def before(self) -> float:
        return self.accuracies[0]

    @property
    def after(self) -> float:
        return self.accuracies[-1]


def digits() -> tuple[np.ndarray, np.ndarray]:
    """1,797 images uint8 [8][8][1] in 0..240, and their labels, shuffled."""
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        sys.exit(
            "the demo's data come with scikit-learn: pip install scikit-learn, or run `make demo`"
        )
    data = load_digits()
    order = np.random.default_rng(0).permutation(len(data.target))
    images = (data.images[order] * 15).astype(np.uint8)
    return images[..., None], data.target[order].astype(np.uint8)


def network(seed: int) -> Sequential:
    layers = [
        Conv2D(8, 3, padding="same", activation="relu"),
        Conv2D(16, 3, padding="same", activation="relu"),
        MaxPool2D(2),
        Flatten(),
        Dense(32, activation="relu"),
        Dense(10),
    ]
    return Sequential(layers, (8, 8, 1), seed=seed, name="digits")


def real(images: np.ndarray) -> np.ndarray:
    return images / np.float32(255)


def train_under_micropython(model, train, test, epochs: int, name: str) -> Run:
    """Write the files that train.py reads, run it under MicroPython, and read what it prints."""
    model.write(OUT / f"{name}.fqt")
    for part, (x, y) in {"train": train, "test": test}.items():
        (OUT / f"{name}.{part}.x").write_bytes(x.tobytes())
        (OUT / f"{name}.{part}.y").write_bytes(y.tobytes())
    command = [os.environ["FQT_MICROPYTHON"], str(HERE / "train.py"), f"{name}.fqt", name]
    command += [str(epochs), str(RATE), f"{name}.trained.fqt"]
    environment = {**os.environ, "MICROPYPATH": os.environ["FQT_MPY_PATH"]}
    result = subprocess.run(command, cwd=OUT, env=environment, capture_output=True, text=True)
    if result.returncode:
        sys.exit(result.stdout + result.stderr)
    (OUT / f"{name}.txt").write_text(result.stdout)
    before = re.findall(r"^before: accuracy ([\d.]+)", result.stdout, re.M)
    after = re.findall(r"^epoch .*accuracy ([\d.]+)", result.stdout, re.M)
    losses = re.findall(r"^epoch .*loss ([\d.]+)", result.stdout, re.M)
    ram = int(re.search(r"^ram: (\d+)", result.stdout, re.M).group(1))
    speed = int(re.search(r"^speed: (\d+)", result.stdout, re.M).group(1))
    return Run([float(a) for a in before + after], ram, speed, [float(loss) for loss in losses])


def train_in_float32(net: Sequential, train, test, epochs: int) -> Run:
    """The same samples, order and rates as fqt.fit takes on the device."""
    run = Run([net.evaluate(real(test[0]), test[1])])
    for epoch in net.fit(real(train[0]), train[1], epochs=epochs, lr=RATE):
        run.accuracies.append(net.evaluate(real(test[0]), test[1]))
        run.losses.append(epoch.loss)
    return run


def draw(path: Path, runs: dict[str, tuple[Run, Run]], samples: np.ndarray) -> None:
    """The curves of both runs, int8 against float32, and some of the samples."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 3, figsize=(12, 3.6), width_ratios=[1, 1.6, 1.6])
    rows = np.concatenate(
        [np.concatenate(list(samples[i : i + 4, :, :, 0]), axis=1) for i in (0, 4, 8)]
    )
    axes[0].imshow(rows, cmap="gray_r")
    axes[0].set_title("what the sensor sees")
    axes[0].axis("off")
    for axis, (title, (device, host)) in zip(axes[1:], runs.items(), strict=True):
        axis.plot([100 * a for a in host.accuracies], label="float32, on the host", color="0.6")
        axis.plot(
            [100 * a for a in device.accuracies], label="int8, under MicroPython", color="C0"
        )
        axis.set_title(title)
        axis.set_xlabel("epoch")
        axis.set_ylabel("test accuracy, %")
        axis.set_ylim(0, 101)
        axis.grid(alpha=0.3)
        axis.legend(loc="lower right")
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    images, labels = digits()
    train_x, train_y = images[TEST_SAMPLES:], labels[TEST_SAMPLES:]
    test_x, test_y = images[:TEST_SAMPLES], labels[:TEST_SAMPLES]

    print("1. the host trains a CNN on upright digits, in float32")
    upright = network(seed=1)
    for _ in upright.fit(real(train_x), train_y, epochs=10, lr=RATE):
        pass
    print(f"   upright test accuracy {100 * upright.evaluate(real(test_x), test_y):.2f}%")

    print("2. the sensor is mounted sideways; MicroPython trains the network on rotated samples")
    rotated = np.rot90(train_x[:ADAPT_SAMPLES], axes=(1, 2)), train_y[:ADAPT_SAMPLES]
    rotated_test = np.rot90(test_x, axes=(1, 2)), test_y
    model = quantize(upright, real(train_x[:100]))
    adapted = train_under_micropython(model, rotated, rotated_test, ADAPT_EPOCHS, "rotated")
    adapted_float = train_in_float32(deepcopy(upright), rotated, rotated_test, ADAPT_EPOCHS)
    print(
        f"   before {100 * adapted.before:.2f}%, after {100 * adapted.after:.2f}% in int8, "
        f"{100 * adapted_float.after:.2f}% in float32, on {ADAPT_SAMPLES} samples"
    )

    print("3. the same network from random weights, trained under MicroPython alone")
    fresh = network(seed=2)
    model = quantize(fresh, real(train_x[:100]))
    scratch = train_under_micropython(
        model, (train_x, train_y), (test_x, test_y), SCRATCH_EPOCHS, "scratch"
    )
    scratch_float = train_in_float32(fresh, (train_x, train_y), (test_x, test_y), SCRATCH_EPOCHS)
    print(
        f"   {100 * scratch.after:.2f}% in int8, {100 * scratch_float.after:.2f}% in float32, "
        f"on {len(train_y)} samples"
    )
    print(f"   {scratch.speed} steps a second on this machine, {scratch.ram} bytes of RAM")

    runs = {
        "adapting to rotated digits": (adapted, adapted_float),
        "from random weights": (scratch, scratch_float),
    }
    draw(BUILD / "demo.png", runs, rotated[0])
    print(f"   curves: {os.path.relpath(BUILD / 'demo.png')}")
    print(
        f"demo: before {100 * adapted.before:.2f}% after {100 * adapted.after:.2f}% "
        f"scratch {100 * scratch.after:.2f}% float32 "
        f"{100 * scratch_float.after:.2f}% ram {scratch.ram} bytes"
    )


if __name__ == "__main__":
    main()
