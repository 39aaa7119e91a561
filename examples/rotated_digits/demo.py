"""A sensor is mounted sideways: a network that knew upright digits learns rotated ones, in 8-bit
integers.

1. The host trains a small CNN in float32 on upright digits (digits.npz, real handwriting), and
quantizes it. 2. Rotated images confuse it. It trains, in 8-bit integers, on a few hundred rotated
samples. 3. The same network from random weights, trained in 8-bit integers alone.

The device's own C code runs on the desk; with a `micropython` the same runs under MicroPython too,
and gives the same bytes. float32 trains on the same samples in the same order with the same rates,
to compare. `fqt demo` and `make demo` run this; model files, data and figures go to --output.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from fqt import Conv2D, Dense, Flatten, MaxPool2D, ModelFile, Sequential, core, quantize
from fqt.desk.micropython import MicroPython, find_micropython
from fqt.plotting import pyplot
from fqt.reference.fixed import shuffle
from fqt.train.schedules import learning_rate

HERE = Path(__file__).resolve().parent
TEST_SAMPLES = 397
ADAPT_SAMPLES = 400
ADAPT_EPOCHS = 15
SCRATCH_EPOCHS = 15
RATE = 0.02


@dataclass
class Run:
    """What one training run gave: accuracies in [0, 1] before it and after each epoch, and the
    trained model's file."""

    accuracies: list[float]
    ram: int = 0
    speed: int = 0
    losses: list[float] = field(default_factory=list)
    trained: bytes = b""

    @property
    def before(self) -> float:
        return self.accuracies[0]

    @property
    def after(self) -> float:
        return self.accuracies[-1]


@dataclass
class Place:
    """Where int8 networks train: a folder for their files, and MicroPython where there is one."""

    folder: Path
    micropython: MicroPython | None

    def __str__(self) -> str:
        return "MicroPython" if self.micropython else "the device's code on the desk"


def digits() -> tuple[np.ndarray, np.ndarray]:
    """1,797 images uint8 [8][8][1] in 0..240, and their labels, shuffled."""
    with np.load(HERE / "digits.npz") as data:
        images, labels = data["images"], data["labels"]
    order = np.random.default_rng(0).permutation(len(labels))
    return (images[order] * 15)[..., None], labels[order]


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


def train_in_int8(place: Place, model: ModelFile, train, test, epochs: int, name: str) -> Run:
    """In the core on the desk, and under MicroPython where there is one: the same bytes."""
    model.write(place.folder / f"{name}.fqt")
    for part, (x, y) in {"train": train, "test": test}.items():
        (place.folder / f"{name}.{part}.x").write_bytes(x.tobytes())
        (place.folder / f"{name}.{part}.y").write_bytes(y.tobytes())
    run = train_on_the_desk(model, train, test, epochs)
    (place.folder / f"{name}.trained.fqt").write_bytes(run.trained)
    if place.micropython is None:
        return run
    device = train_under_micropython(place, epochs, name)
    if device.trained != run.trained:
        raise RuntimeError(
            f"MicroPython and the core trained {name} to different bytes; `fqt doctor` says "
            "whether their versions fit"
        )
    return device


def train_on_the_desk(model: ModelFile, train, test, epochs: int) -> Run:
    """What train.py does, with the device's code as a library."""
    net = core.Model(model, master=12)
    run = Run([net.evaluate(*test)], ram=net.memory)
    for order, rate in epochs_of_fit(len(train[1]), epochs):
        losses = net.train_many(*train, order, rate)
        run.losses.append(float(losses.mean()))
        run.accuracies.append(net.evaluate(*test))
    run.trained = net.to_bytes()
    return run


def epochs_of_fit(samples: int, epochs: int) -> Iterator[tuple[np.ndarray, float]]:
    """The order of samples and the rate of each epoch of fqt.fit on a device."""
    order = np.arange(samples)
    for epoch in range(epochs):
        shuffle(order, 1 + epoch)
        yield order, learning_rate("linear", RATE, epoch, epochs)


def train_under_micropython(place: Place, epochs: int, name: str) -> Run:
    """Run train.py on the files that are there, and read what it prints."""
    micropython = place.micropython
    assert micropython
    script = [str(HERE / "train.py"), f"{name}.fqt", name]
    command = [*micropython.command, *script, str(epochs), str(RATE), f"{name}.trained.fqt"]
    result = subprocess.run(
        command, cwd=place.folder, env=micropython.environment, capture_output=True, text=True
    )
    if result.returncode:
        raise RuntimeError(result.stdout + result.stderr)
    (place.folder / f"{name}.txt").write_text(result.stdout)
    before = re.findall(r"^before: accuracy ([\d.]+)", result.stdout, re.M)
    after = re.findall(r"^epoch .*accuracy ([\d.]+)", result.stdout, re.M)
    losses = re.findall(r"^epoch .*loss ([\d.]+)", result.stdout, re.M)
    ram, speed = (
        int(number) for number in re.findall(r"^(?:ram|speed): (\d+)", result.stdout, re.M)
    )
    trained = (place.folder / f"{name}.trained.fqt").read_bytes()
    accuracies = [float(accuracy) for accuracy in before + after]
    return Run(accuracies, ram, speed, [float(loss) for loss in losses], trained)


def train_in_float32(net: Sequential, train, test, epochs: int) -> Run:
    """The same samples, order and rates as fqt.fit takes on the device."""
    run = Run([net.evaluate(real(test[0]), test[1])])
    for epoch in net.fit(real(train[0]), train[1], epochs=epochs, lr=RATE):
        run.accuracies.append(net.evaluate(real(test[0]), test[1]))
        run.losses.append(epoch.loss)
    return run


def draw(path: Path, place: Place, runs: dict[str, tuple[Run, Run]], samples: np.ndarray) -> str:
    """The curves of both runs, int8 against float32, and some of the samples. Return what was
    done."""
    try:
        figure, axes = pyplot().subplots(1, 3, figsize=(12, 3.6), width_ratios=[1, 1.6, 1.6])
    except RuntimeError as missing:
        return f"no picture of the curves: {missing}"
    rows = np.concatenate(
        [np.concatenate(list(samples[i : i + 4, :, :, 0]), axis=1) for i in (0, 4, 8)]
    )
    axes[0].imshow(rows, cmap="gray_r")
    axes[0].set_title("what the sensor sees")
    axes[0].axis("off")
    for axis, (title, (device, host)) in zip(axes[1:], runs.items(), strict=True):
        axis.plot([100 * a for a in host.accuracies], label="float32, on the host", color="0.6")
        axis.plot([100 * a for a in device.accuracies], label=f"int8, {place}", color="C0")
        axis.set_title(title)
        axis.set_xlabel("epoch")
        axis.set_ylabel("test accuracy, %")
        axis.set_ylim(0, 101)
        axis.grid(alpha=0.3)
        axis.legend(loc="lower right")
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    return f"curves: {os.path.relpath(path)}"


def main(arguments: list[str] | None = None) -> None:
    """Raises OSError and ValueError for a MicroPython that is named and cannot run the module."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--output", type=Path, default=Path("fqt_demo"))
    parser.add_argument("--picture", type=Path, help="OUTPUT/demo.png when left out")
    parser.add_argument("--micropython", help="the program, where `micropython` does not find it")
    options = parser.parse_args(arguments)
    micropython, found = find_micropython(options.micropython)
    print(found)
    options.output.mkdir(parents=True, exist_ok=True)
    demonstrate(Place(options.output, micropython), options.picture or options.output / "demo.png")


def demonstrate(place: Place, picture: Path) -> None:
    images, labels = digits()
    train_x, train_y = images[TEST_SAMPLES:], labels[TEST_SAMPLES:]
    test_x, test_y = images[:TEST_SAMPLES], labels[:TEST_SAMPLES]

    print("1. the host trains a CNN on upright digits, in float32")
    upright = network(seed=1)
    for _ in upright.fit(real(train_x), train_y, epochs=10, lr=RATE):
        pass
    print(f"   upright test accuracy {100 * upright.evaluate(real(test_x), test_y):.2f}%")

    print(f"2. the sensor is mounted sideways; {place} trains the network on rotated samples")
    rotated = np.rot90(train_x[:ADAPT_SAMPLES], axes=(1, 2)), train_y[:ADAPT_SAMPLES]
    rotated_test = np.rot90(test_x, axes=(1, 2)), test_y
    model = quantize(upright, real(train_x[:100]))
    adapted = train_in_int8(place, model, rotated, rotated_test, ADAPT_EPOCHS, "rotated")
    adapted_float = train_in_float32(deepcopy(upright), rotated, rotated_test, ADAPT_EPOCHS)
    print(
        f"   before {100 * adapted.before:.2f}%, after {100 * adapted.after:.2f}% in int8, "
        f"{100 * adapted_float.after:.2f}% in float32, on {ADAPT_SAMPLES} samples"
    )

    print(f"3. the same network from random weights; {place} trains it")
    fresh = network(seed=2)
    model = quantize(fresh, real(train_x[:100]))
    scratch = train_in_int8(
        place, model, (train_x, train_y), (test_x, test_y), SCRATCH_EPOCHS, "scratch"
    )
    scratch_float = train_in_float32(fresh, (train_x, train_y), (test_x, test_y), SCRATCH_EPOCHS)
    print(
        f"   {100 * scratch.after:.2f}% in int8, {100 * scratch_float.after:.2f}% in float32, "
        f"on {len(train_y)} samples"
    )
    if place.micropython:
        print(f"   {scratch.speed} steps a second on this machine, {scratch.ram} bytes of RAM")
        print("   the core on the desk gave the same bytes in both runs")

    runs = {
        "adapting to rotated digits": (adapted, adapted_float),
        "from random weights": (scratch, scratch_float),
    }
    print(f"   {draw(picture, place, runs, rotated[0])}")
    print(
        f"demo: before {100 * adapted.before:.2f}% after {100 * adapted.after:.2f}% "
        f"scratch {100 * scratch.after:.2f}% float32 "
        f"{100 * scratch_float.after:.2f}% ram {scratch.ram} bytes"
    )


if __name__ == "__main__":
    try:
        main()
    except (OSError, ValueError, RuntimeError) as error:
        sys.exit(f"demo: {error}")
