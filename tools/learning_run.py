"""A board that learns digits of a sensor that was mounted sideways: what it says of some of them,
and how many test digits it recognises, while it trains. For tools/learning_picture.py.

The network, the samples and their order are those of examples/rotated_digits; the board and the
core on the desk give the same numbers, which tests/docs/test_learning_picture.py compares.
"""

import ast
import runpy
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tables import ROOT

from fqt import ModelFile, core
from fqt.device.session import Session
from fqt.emulator import Board, Kind, module

EXAMPLE = ROOT / "examples/rotated_digits"
EPOCHS = 5
EVERY = 20  # samples between two looks, at most; those of MOMENTS are kept
MOMENTS = (0, 20, 40, 60, 80, 100, 140, 180, 240, 300, 400, 500, 600, 800, 1000, 1200, 1600, 2000)
PATIENCE = 300  # seconds
SCRIPT = """
import fqt
def read(name):
    with open(name, 'rb') as file:
        return file.read()
net = fqt.Model('upright.fqt')
train = read('train.x'), read('train.y')
test = read('test.x'), read('test.y')
def look(samples):
    if samples in {moments}:
        right = round(net.evaluate(test) * len(test[1]))
        print((samples, right, [net.predict(test[0], i) for i in {shown}]))
look(0)
for report in fqt.fit(net, train, epochs={epochs}, lr={rate}, every={every}):
    look((report.epoch - 1) * len(train[1]) + report.steps)
print(net.memory)
"""


@dataclass(frozen=True)
class Moment:
    """After so many samples: how many test digits are recognised, and what the shown ones are
    taken for."""

    samples: int
    right: int
    answers: list[int]


@dataclass(frozen=True)
class Learning:
    """images: uint8 [10][8][8], one of each class, by their labels. tests: digits that `right`
    counts. memory: RAM of the model on the board, in bytes."""

    images: np.ndarray
    tests: int
    memory: int
    moments: list[Moment]


def task() -> tuple[ModelFile, tuple, tuple, list[int]]:
    """The model, (x, y) to train on and to test on, x uint8 [n][8][8][1], and the numbers of the
    test digits that are shown: of each class the first."""
    demo = runpy.run_path(str(EXAMPLE / "demo.py"))
    images, labels = demo["digits"]()
    tests, adapting = demo["TEST_SAMPLES"], demo["ADAPT_SAMPLES"]
    turned = np.ascontiguousarray(np.rot90(images, axes=(1, 2)))
    train = turned[tests : tests + adapting], labels[tests : tests + adapting].astype(np.uint8)
    test = turned[:tests], labels[:tests].astype(np.uint8)
    shown = [int(np.argmax(test[1] == label)) for label in range(10)]
    return ModelFile.read(EXAMPLE / "upright.fqt"), train, test, shown


def on_the_desk() -> Learning:
    """The same, with the core on the desk."""
    model, train, test, shown = task()
    net = core.Model(model, master=12)
    moments = []

    def look(samples: int) -> None:
        answers = net.predict_many(test[0])
        right = int((answers == test[1]).sum())
        moments.append(Moment(samples, right, [int(answers[i]) for i in shown]))

    look(0)
    for samples, order, rate in _parts(len(train[1])):
        net.train_many(*train, order, rate)
        if samples in MOMENTS:
            look(samples)
    return Learning(test[0][shown, :, :, 0], len(test[1]), net.memory, moments)


def _parts(count: int) -> Iterator[tuple[int, np.ndarray, float]]:
    """Of each part of the run: the samples after it, its order of samples, its rate."""
    demo = runpy.run_path(str(EXAMPLE / "demo.py"))
    for epoch, (order, rate) in enumerate(demo["epochs_of_fit"](count, EPOCHS)):
        for start in range(0, count, EVERY):
            yield epoch * count + start + EVERY, order[start : start + EVERY], rate


def on_a_board(kind: Kind) -> Learning:
    """On an emulated board. Raises OSError."""
    model, train, test, shown = task()
    rate = runpy.run_path(str(EXAMPLE / "demo.py"))["RATE"]
    files = {"upright.fqt": model.to_bytes()}
    for name, (x, y) in {"train": train, "test": test}.items():
        files |= {f"{name}.x": x.tobytes(), f"{name}.y": y.tobytes()}
    with tempfile.TemporaryDirectory() as folder:
        board = Board(kind, Path(folder))
        try:
            with Session(board.port, PATIENCE) as session:
                session.put("fqt.mpy", module(kind.architecture).read_bytes())
                for name, data in files.items():
                    session.put(name, data)
            with Session(board.port, PATIENCE) as session:
                printed = session.run(
                    SCRIPT.format(
                        moments=MOMENTS, shown=shown, epochs=EPOCHS, rate=rate, every=EVERY
                    )
                )
        finally:
            board.close()
    *lines, memory = printed.splitlines()
    moments = [Moment(*ast.literal_eval(line)) for line in lines]
    return Learning(test[0][shown, :, :, 0], len(test[1]), int(memory), moments)
