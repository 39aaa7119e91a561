"""The arrays of an experiment: read, brought to real units, and split."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fqt.experiment.configuration import Experiment
from fqt.shapes import check_finite, many_of_shape, numbers
from fqt.train.archive import open_archive
from fqt.train.targets import check_labels


@dataclass(frozen=True)
class Split:
    """Samples in real units, float32 [samples][height][width][channels], and labels [samples].
    calibration: samples that a quantizer may look at."""

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    calibration: np.ndarray
    classes: tuple[str, ...]


CALIBRATION_SAMPLES = 200


def load(experiment: Experiment, folder: Path) -> dict[str, np.ndarray]:
    """The archive's arrays, x in real units. Raises OSError that says what is missing, ValueError
    for arrays that do not fit."""
    data = experiment.data
    path = folder / data.file
    if not path.exists():
        raise OSError(f"{path} is missing: name the folder that has {data.file} (--data)")
    needed = ["x_train", "y_train", "x_test", "y_test", "classes"]
    if experiment.transfer:
        needed += [f"{experiment.transfer.group}_{part}" for part in ("train", "test")]
    arrays = open_archive(path, needed)
    missing = [name for name in needed if name not in arrays]
    if missing:
        raise ValueError(f"{path} has no {', '.join(missing)}")
    try:
        _check(experiment, arrays)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    if data.input == "bytes":
        if arrays["x_train"].dtype != np.uint8:
            raise ValueError(f"{path}: input = 'bytes' needs uint8, not {arrays['x_train'].dtype}")
        for part in ("train", "test"):
            arrays[f"x_{part}"] = arrays[f"x_{part}"].astype(np.float32) / 255
        return arrays
    x = arrays["x_train"].astype(np.float64)
    mean, deviation = x.mean(axis=(0, 1, 2)), x.std(axis=(0, 1, 2))
    for part in ("train", "test"):
        normalized = (arrays[f"x_{part}"] - mean) / np.maximum(deviation, 1e-9)
        arrays[f"x_{part}"] = np.clip(normalized, -data.clip, data.clip).astype(np.float32)
    return arrays


def _check(experiment: Experiment, arrays: dict[str, np.ndarray]) -> None:
    """Samples as [samples][height][width][channels], in place; labels and members whole numbers,
    as many. Raises ValueError for others."""
    shape = experiment.data.shape or arrays["x_train"].shape[1:]
    if len(shape) != 3:
        raise ValueError(
            f"samples are of shape {shape}: [data] shape = [height, width, channels] brings them "
            "to one of three axes"
        )
    classes = len(np.atleast_1d(arrays["classes"]))
    for part in ("train", "test"):
        name = f"x_{part}"
        numbers(name, arrays[name][:0])
        x = arrays[name] = many_of_shape(name, arrays[name], shape)
        if not len(x):
            raise ValueError(f"{name} has no samples")
        if x.dtype.kind == "f":
            check_finite(f"{name}: sample", x)
        check_labels(arrays[f"y_{part}"], len(x), classes, f"y_{part}: ")
        if experiment.transfer:
            group = f"{experiment.transfer.group}_{part}"
            check_labels(arrays[group], len(x), 2**63, f"{group}: ")
    if experiment.anomaly and not (arrays["y_train"] == experiment.anomaly.normal).any():
        raise ValueError(f"[anomaly] normal: no sample of class {experiment.anomaly.normal}")


def whole_split(arrays: dict[str, np.ndarray]) -> Split:
    """All of it, as the archive splits it."""
    return Split(
        arrays["x_train"],
        arrays["y_train"],
        arrays["x_test"],
        arrays["y_test"],
        arrays["x_train"][:CALIBRATION_SAMPLES],
        tuple(str(name) for name in arrays["classes"]),
    )


def others_split(arrays: dict[str, np.ndarray], group: str, member: int) -> Split:
    """What is left when a member of the group is held out."""
    kept = {}
    for part in ("train", "test"):
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
