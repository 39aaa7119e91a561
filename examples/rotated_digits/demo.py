"""A sensor is mounted sideways: a network that knew upright digits learns rotated ones, in 8-bit
integers.

1. upright.fqt is a small CNN that was trained in float32 on upright digits (digits.npz, real
handwriting) and quantized. 2. Rotated images confuse it. It trains, in 8-bit integers, on a few
hundred rotated samples. 3. The same network from random weights (random.fqt), trained in 8-bit
integers alone.

The device's own C code runs on the desk; with a `micropython` the same runs under MicroPython too,
and gives the same bytes. All of this is integers, so that its figures are the same on every
processor. With --float both model files are made anew, and float32 trains on the same samples in
the same order with the same rates, to compare; its figures may round otherwise elsewhere. `fqt
demo` and `make demo` run this; model files, data and figures go to --output.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from fqt import Conv2D, Dense, Flatten, MaxPool2D, ModelFile, Sequential, core, quantize
from fqt.desk.demo_picture import Answers, Curve, draw
from fqt.desk.micropython import MicroPython, find_micropython
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


def main(arguments: list[str] | None = None) -> None:
    """Raises OSError and ValueError for a MicroPython that is named and cannot run the module."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--output", type=Path, default=Path("fqt_demo"))
    parser.add_argument("--picture", type=Path, help="OUTPUT/demo.png when left out")
    parser.add_argument("--micropython", help="the program, where `micropython` does not find it")
    parser.add_argument(
        "--float", action="store_true", help="train in float32 too: the networks, and to compare"
    )
    options = parser.parse_args(arguments)
    micropython, found = find_micropython(options.micropython)
    print(found)
    options.output.mkdir(parents=True, exist_ok=True)
    place = Place(options.output, micropython)
    demonstrate(place, options.picture or options.output / "demo.png", options.float)


def demonstrate(place: Place, picture: Path, with_float: bool) -> None:
    images, labels = digits()
    train_x, train_y = images[TEST_SAMPLES:], labels[TEST_SAMPLES:]
    test_x, test_y = images[:TEST_SAMPLES], labels[:TEST_SAMPLES]

    upright, fresh = network(seed=1), network(seed=2)
    if with_float:
        print("1. the host trains a CNN on upright digits, in float32, and quantizes it")
        for _ in upright.fit(real(train_x), train_y, epochs=10, lr=RATE):
            pass
        knows_upright = quantize(upright, real(train_x[:100]))
        random = quantize(fresh, real(train_x[:100]))
    else:
        print("1. a CNN that was trained on upright digits in float32, and quantized")
        knows_upright = ModelFile.read(HERE / "upright.fqt")
        random = ModelFile.read(HERE / "random.fqt")
    accuracy = core.Model(knows_upright).evaluate(test_x, test_y)
    print(f"   recognises {100 * accuracy:.2f}% of upright test digits, in int8")

    print(f"2. the sensor is mounted sideways; {place} trains the network on rotated samples")
    rotated = np.rot90(train_x[:ADAPT_SAMPLES], axes=(1, 2)), train_y[:ADAPT_SAMPLES]
    rotated_test = np.rot90(test_x, axes=(1, 2)), test_y
    adapted = train_in_int8(place, knows_upright, rotated, rotated_test, ADAPT_EPOCHS, "rotated")
    adapted_float = None
    if with_float:
        adapted_float = train_in_float32(upright, rotated, rotated_test, ADAPT_EPOCHS)
    print(
        f"   before {100 * adapted.before:.2f}%, after {100 * adapted.after:.2f}% in int8"
        f"{in_float(adapted_float)}, on {ADAPT_SAMPLES} samples"
    )

    print(f"3. the same network from random weights; {place} trains it")
    random.write(place.folder / "digits.fqt")  # to play with: docs/device.md
    train, test = (train_x, train_y), (test_x, test_y)
    scratch = train_in_int8(place, random, train, test, SCRATCH_EPOCHS, "scratch")
    scratch_float = train_in_float32(fresh, train, test, SCRATCH_EPOCHS) if with_float else None
    reached = f"{100 * scratch.after:.2f}% in int8{in_float(scratch_float)}"
    print(f"   {reached}, on {len(train_y)} samples")
    if place.micropython:
        print(f"   {scratch.speed} steps a second on this machine, {scratch.ram} bytes of RAM")
        print("   the core on the desk gave the same bytes in both runs")

    said = [
        core.Model(model).predict_many(rotated_test[0])
        for model in (knows_upright, ModelFile.from_bytes(adapted.trained))
    ]
    curves = [
        Curve("it learns rotated digits", adapted.accuracies, curve_of(adapted_float)),
        Curve("from random weights, upright", scratch.accuracies, curve_of(scratch_float)),
    ]
    try:
        draw(picture, curves, Answers(rotated_test[0][..., 0], test_y, *said), str(place))
        print(f"   picture: {os.path.relpath(picture)}")
    except RuntimeError as missing:
        print(f"   no picture: {missing}")
    print(
        f"demo: before {100 * adapted.before:.2f}% after {100 * adapted.after:.2f}% "
        f"scratch {100 * scratch.after:.2f}% ram {scratch.ram} bytes"
        + (f" float32 {100 * scratch_float.after:.2f}%" if scratch_float else "")
    )


def in_float(run: Run | None) -> str:
    return f", {100 * run.after:.2f}% in float32" if run else ""


def curve_of(run: Run | None) -> list[float] | None:
    return run.accuracies if run else None


if __name__ == "__main__":
    try:
        main()
    except (OSError, ValueError, RuntimeError) as error:
        sys.exit(f"demo: {error}")
