"""The arrays of an experiment: read, checked, brought to real units, and split."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fqt.experiment.configuration import Experiment, Run
from fqt.experiment.keys import digest_of_arrays, digest_of_file
from fqt.experiment.sections import Data
from fqt.experiment.sklearn_data import sklearn_arrays
from fqt.numpy_files import open_archive
from fqt.shapes import check_finite, many_of_shape, numbers
from fqt.train.targets import check_labels


@dataclass(frozen=True)
class Split:
    """Samples in real units, float32 [samples][height][width][channels], and labels [samples], of
    a regression targets, float32 [samples][outputs]. calibration: samples that a quantizer may
    look at."""

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    calibration: np.ndarray
    classes: tuple[str, ...]


CALIBRATION_SAMPLES = 200
PARTS = ("train", "test")


def digest(experiment: Experiment, folder: Path) -> str:
    """A name for what is in an experiment's data. Raises OSError, and RuntimeError without
    scikit-learn where that has them."""
    data = experiment.data
    if data.sklearn:
        return digest_of_arrays(sklearn_arrays(data.sklearn))
    return digest_of_file(folder / data.file)


def load(experiment: Experiment, folder: Path) -> dict[str, np.ndarray]:
    """The data's arrays, x in real units. Raises OSError that says what is missing, ValueError
    for arrays that do not fit, RuntimeError where scikit-learn, which has them, is missing."""
    data = experiment.data
    place, arrays = _read(experiment, folder)
    try:
        _check(experiment, arrays)
        if data.window:
            arrays = _windows(arrays, data.window)
        if data.input == "bytes" and arrays["x_train"].dtype != np.uint8:
            raise ValueError(f"input = 'bytes' needs uint8, not {arrays['x_train'].dtype}")
    except ValueError as error:
        raise ValueError(f"{place}: {error}") from None
    train = arrays["x_train"]
    units = {f"x_{part}": _real_units(data, arrays[f"x_{part}"], train) for part in PARTS}
    return {**arrays, **units}


def _real_units(data: Data, x: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Samples as float32, as [data] input says. train: the training samples."""
    if data.input == "bytes":
        return x.astype(np.float32) / 255
    if data.input == "raw":
        return x.astype(np.float32)
    train = train.astype(np.float64)
    mean, deviation = train.mean(axis=(0, 1, 2)), train.std(axis=(0, 1, 2))
    normalized = (x - mean) / np.maximum(deviation, 1e-9)
    return np.clip(normalized, -data.clip, data.clip).astype(np.float32)


def _read(experiment: Experiment, folder: Path) -> tuple[str, dict[str, np.ndarray]]:
    """What messages call the data, and the arrays as they are stored."""
    data = experiment.data
    needed = ["x_train", "y_train", "x_test", "y_test"]
    if not experiment.regression:
        needed.append("classes")
    if experiment.transfer:
        needed += [f"{experiment.transfer.group}_{part}" for part in PARTS]
    if data.sklearn:
        place, arrays = f"scikit-learn's {data.sklearn}", sklearn_arrays(data.sklearn)
    else:
        path = folder / data.file
        if not path.exists():
            raise OSError(f"{path} is missing: name the folder that has {data.file} (--data)")
        place, arrays = str(path), open_archive(path, needed)
    missing = [name for name in needed if name not in arrays]
    if missing:
        raise ValueError(f"{place} has no {', '.join(missing)}")
    return place, arrays


def _check(experiment: Experiment, arrays: dict[str, np.ndarray]) -> None:
    """Samples as [samples][height][width][channels], in place; labels and members whole numbers,
    as many; a regression's targets finite numbers, in place as [samples][outputs]. Raises
    ValueError for others."""
    shape = experiment.data.shape or arrays["x_train"].shape[1:]
    if len(shape) != 3:
        raise ValueError(
            f"samples are of shape {shape}: [data] shape = [height, width, channels] brings them "
            "to one of three axes"
        )
    for part in PARTS:
        name = f"x_{part}"
        numbers(name, arrays[name][:0])
        x = arrays[name] = many_of_shape(name, arrays[name], shape)
        if not len(x):
            raise ValueError(f"{name} has no samples")
        if x.dtype.kind == "f":
            check_finite(f"{name}: sample", x)
        if experiment.regression:
            arrays[f"y_{part}"] = _targets(f"y_{part}", arrays[f"y_{part}"], len(x))
        else:
            classes = len(np.atleast_1d(arrays["classes"]))
            check_labels(arrays[f"y_{part}"], len(x), classes, f"y_{part}: ")
        if experiment.transfer:
            group = f"{experiment.transfer.group}_{part}"
            check_labels(arrays[group], len(x), 2**63, f"{group}: ")
    if experiment.anomaly and not (arrays["y_train"] == experiment.anomaly.normal).any():
        raise ValueError(f"[anomaly] normal: no sample of class {experiment.anomaly.normal}")


def _windows(arrays: dict[str, np.ndarray], width: int) -> dict[str, np.ndarray]:
    """Samples cut along their width into windows, in their order; what belongs to a sample belongs
    to each of its windows. Steps that fill no window are left out. Raises ValueError for samples
    of fewer steps."""
    _, height, steps, channels = arrays["x_train"].shape
    count = steps // width
    if count == 0:
        raise ValueError(f"[data] window: samples have {steps} steps, fewer than {width}")
    cut = {}
    for name, array in arrays.items():
        if name.startswith("x_"):
            windows = array[:, :, : count * width].reshape(-1, height, count, width, channels)
            cut[name] = windows.swapaxes(1, 2).reshape(-1, height, width, channels)
        elif name != "classes":
            cut[name] = np.repeat(array, count, axis=0)
        else:
            cut[name] = array
    return cut


def _targets(name: str, y: np.ndarray, samples: int) -> np.ndarray:
    """Targets as float64 [samples][outputs]. Raises ValueError for what is none."""
    y = numbers(name, y, np.float64)
    if len(y) != samples or not 1 <= y.ndim <= 2:
        raise ValueError(
            f"{name}: {samples} samples need as many targets, [samples] or [samples][outputs], "
            f"not {y.shape}"
        )
    check_finite(f"{name}: target", y)
    return y.reshape(samples, -1)


def outputs_of(experiment: Experiment, arrays: dict[str, np.ndarray]) -> int:
    """How many outputs a network for these data has."""
    if experiment.is_autoencoder:
        return math.prod(arrays["x_train"].shape[1:])
    if experiment.regression:
        return arrays["y_train"].shape[1]
    return len(np.atleast_1d(arrays["classes"]))


def whole_split(arrays: dict[str, np.ndarray]) -> Split:
    """All of it, as the archive splits it."""
    return Split(
        arrays["x_train"],
        arrays["y_train"],
        arrays["x_test"],
        arrays["y_test"],
        arrays["x_train"][:CALIBRATION_SAMPLES],
        tuple(str(name) for name in np.atleast_1d(arrays.get("classes", []))),
    )


def regression_split(experiment: Experiment, run: Run, arrays: dict[str, np.ndarray]) -> Split:
    """All of it, with targets in the run's units."""
    units = experiment.regression_of(run)
    y = arrays["y_train"]
    mean, deviation = 0.0, 1.0
    if units.targets == "standardized":
        mean, deviation = y.mean(axis=0), np.maximum(y.std(axis=0), 1e-9)
    in_units = {
        name: ((arrays[name] - mean) / deviation * units.scale + units.offset).astype(np.float32)
        for name in ("y_train", "y_test")
    }
    return whole_split({**arrays, **in_units})


def others_split(arrays: dict[str, np.ndarray], group: str, member: int) -> Split:
    """What is left when a member of the group is held out."""
    kept = {}
    for part in PARTS:
        chosen = arrays[f"{group}_{part}"] != member
        kept[f"x_{part}"], kept[f"y_{part}"] = (
            arrays[f"x_{part}"][chosen],
            arrays[f"y_{part}"][chosen],
        )
    return whole_split({**arrays, **kept})


def member_split(
    arrays: dict[str, np.ndarray], group: str, member: int, per_class: int, seed: int
) -> Split:
    """A held-out member's samples: per_class of each class, drawn by the seed, to train on, all
    others to test; calibration from the other members. Raises ValueError when there are none."""
    both = {
        name: np.concatenate([arrays[f"{name}_train"], arrays[f"{name}_test"]])
        for name in ("x", "y", group)
    }
    mine = both[group] == member
    x, y = both["x"][mine], both["y"][mine]
    rng = np.random.default_rng(seed)
    picked = []
    for label in np.unique(y):
        of_class = rng.permutation(np.flatnonzero(y == label))
        picked.append(of_class[: min(per_class, len(of_class) // 2)])
    if not picked:
        raise ValueError(f"{group} {member} has no samples")
    train = np.concatenate(picked)
    test = np.setdiff1d(np.arange(len(y)), train)
    others = arrays["x_train"][arrays[f"{group}_train"] != member]
    return Split(
        x[train],
        y[train],
        x[test],
        y[test],
        others[rng.permutation(len(others))[:CALIBRATION_SAMPLES]],
        tuple(str(name) for name in arrays["classes"]),
    )


def normal_split(arrays: dict[str, np.ndarray], normal: int) -> Split:
    """Training samples of one class only; all classes to test."""
    chosen = arrays["y_train"] == normal
    return whole_split(
        {**arrays, "x_train": arrays["x_train"][chosen], "y_train": arrays["y_train"][chosen]}
    )
