"""The reference networks as they are after training on real data: what `fqt bench --data` counts.

A fresh network passes back errors that a trained one does not have, and its activations are other
ones: what kernels leave out, and so what a step costs, differs.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fqt.device.bench import WARM_UP_STEPS, RealSamples
from fqt.experiment.sklearn_data import sklearn_arrays
from fqt.file.model_file import ModelFile
from fqt.numpy_files import open_archive
from fqt.run import core
from fqt.train.quantize import quantize, quantize_input
from fqt.train.reference_networks import DESCRIBED, TRAIN
from fqt.train.sequential import Sequential

COUNTED_SAMPLES = 8
CALIBRATION_SAMPLES = 200
MASTER = 8  # as `fqt bench` counts
ARRAYS = ("x_train", "y_train", "x_test", "y_test")


def _as_they_are(x: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    return x.reshape(-1, *shape)


def enlarged(x: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """Images of another extent, by repetition."""
    rows, columns = (np.arange(shape[i]) * x.shape[i + 1] // shape[i] for i in (0, 1))
    return x[:, rows][:, :, columns]


def _four_bands_as_one(x: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """Spectrograms with a quarter of the bands."""
    bands = x.reshape(len(x), *shape[:2], -1, 1).mean(axis=3)
    return np.floor(bands + 0.5).astype(x.dtype)


def _first_steps(x: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    return _as_they_are(x[:, : shape[1]], shape)


@dataclass(frozen=True)
class Lesson:
    """What a network learns: the archive (or "digits", scikit-learn's), how its samples come to
    the network's shape, how they are taught. told_apart: of a network with two outputs, the
    classes that are told from the others."""

    data: str
    arrange: Callable[[np.ndarray, tuple[int, int, int]], np.ndarray] = _as_they_are
    steps: int = 400
    rate: float = 0.01
    told_apart: tuple[int, ...] = ()


LESSONS = {
    "cnn28": Lesson("fashion_mnist", steps=3000),
    "cnn28_last": Lesson("fashion_mnist", steps=3000),
    "digits": Lesson("digits"),
    "motion": Lesson("har_hapt"),
    "mobile": Lesson("fashion_mnist", enlarged, steps=2000),
    "separable": Lesson("kws3"),
    "residual": Lesson("cifar10", steps=3000, rate=0.005),
    "autoencoder": Lesson("cwru"),
    "ad_autoencoder": Lesson("cwru", _first_steps),
    "ds_cnn": Lesson("kws3", _four_bands_as_one, steps=4000, rate=0.02),
    "resnet8": Lesson("cifar10", steps=3000, rate=0.005),
    "vww_mobilenet": Lesson("cifar10", enlarged, told_apart=(2, 3, 4, 5, 6, 7)),  # animals
}


def trained(name: str, folder: Path) -> tuple[ModelFile, RealSamples]:
    """A reference network after its lesson; raises as taught does."""
    return taught(DESCRIBED[name](), LESSONS[name], folder, TRAIN[name])


def taught(
    net: Sequential, lesson: Lesson, folder: Path, train: str = "all"
) -> tuple[ModelFile, RealSamples]:
    """A network after a lesson in int8, and samples of the test part. Raises OSError that says
    which file is missing, RuntimeError without scikit-learn where that has them."""
    arrays = _arrays(lesson.data, folder)
    rng = np.random.default_rng(1)
    seen = rng.integers(len(arrays["x_train"]), size=lesson.steps)
    shown = rng.permutation(len(arrays["x_test"]))[: WARM_UP_STEPS + COUNTED_SAMPLES]
    x, test = (
        lesson.arrange(arrays[f"x_{part}"][chosen], net.input_shape)
        for part, chosen in (("train", seen), ("test", shown))
    )
    y, y_test = (
        _labels(lesson, arrays[f"y_{part}"][chosen])
        for part, chosen in (("train", seen), ("test", shown))
    )
    if x.dtype == np.uint8:
        calibration = x[:CALIBRATION_SAMPLES].astype(np.float32)
        scale = float(1 / np.sqrt(np.square(calibration).mean()))
        model = quantize(net, calibration * np.float32(scale), train, input_scale=scale)
    else:
        deviation = x.std(axis=(0, 1, 2))
        model = quantize(net, x[:CALIBRATION_SAMPLES] / deviation, train, "int8")
        x, test = (quantize_input(model, samples / deviation) for samples in (x, test))
    learner = core.Model(model, MASTER)
    targets = y if net.loss == "softmax_cross_entropy" else None
    learner.train_many(x, targets, np.arange(lesson.steps), lesson.rate)
    return ModelFile.from_bytes(learner.to_bytes()), RealSamples(test, y_test)


def all_trained(folder: Path) -> list[tuple[ModelFile, RealSamples]]:
    """All of LESSONS; raises as trained does."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(lambda name: trained(name, folder), LESSONS))


def _arrays(data: str, folder: Path) -> dict[str, np.ndarray]:
    if data == "digits":
        return sklearn_arrays(data)
    return open_archive(folder / f"{data}.npz", list(ARRAYS))


def _labels(lesson: Lesson, labels: np.ndarray) -> np.ndarray:
    return np.isin(labels, lesson.told_apart).astype(int) if lesson.told_apart else labels
