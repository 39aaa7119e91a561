"""Samples with labels, from and to files that people have (`fqt data`): recordings of a device
(.fqd), numpy's archives (.npz), tables (.csv), sounds (.wav) and pictures in folders that are
named after their class."""

from __future__ import annotations

import csv
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fqt.samples.recordings import TYPES, read_recording, write_recording
from fqt.train.archive import open_archive, write_archive

PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".pgm", ".ppm")


@dataclass(frozen=True)
class Samples:
    """x: [n][height][width][channels]; y: labels [n] or targets [n][targets]; labels: a name for
    each class, where the source has names."""

    x: np.ndarray
    y: np.ndarray
    labels: tuple[str, ...] = ()
    damaged: int = 0

    @property
    def has_classes(self) -> bool:
        """Whether y has labels, not targets."""
        return self.y.ndim == 1 and not np.issubdtype(self.y.dtype, np.floating)

    def part(self, chosen: np.ndarray) -> Samples:
        """Those samples whose place in `chosen` [n] is true."""
        return Samples(self.x[chosen], self.y[chosen], self.labels)


def read_samples(path: str, window: int = 0) -> Samples:
    """Samples of a file, or of a folder with one for each class. window: that many values of a
    sound make a sample. Raises OSError, and ValueError that says what the source lacks."""
    source = Path(path)
    if source.is_dir():
        return _from_folder(source, window)
    suffix = source.suffix.lower()
    if suffix == ".fqd":
        recording = read_recording(source)
        return Samples(recording.x, recording.y, (), recording.damaged)
    if suffix == ".npz":
        return _from_archive(source)
    if suffix == ".csv":
        return _from_table(source)
    raise ValueError(
        f"{path}: .fqd, .npz and .csv files are read, and folders of pictures or sounds with a "
        "folder for each class"
    )


def _four_axes(x: np.ndarray) -> np.ndarray:
    """[n][length] as one row, [n][height][width] as one channel."""
    if x.ndim == 2:
        return x[:, None, :, None]
    return x[..., None] if x.ndim == 3 else x


def _from_archive(path: Path) -> Samples:
    arrays = open_archive(path)
    for x, y in ("x", "y"), ("x_train", "y_train"):
        if x in arrays and y in arrays:
            return Samples(_four_axes(_narrow(arrays[x])), arrays[y])
    raise ValueError(
        f"{path}: samples are x and their labels or targets y, it has "
        f"{', '.join(arrays) or 'nothing'}"
    )


def _narrow(x: np.ndarray) -> np.ndarray:
    """As a type that recordings have: float64 as float32, wide integers as the narrowest that
    holds them."""
    if any(x.dtype == kind for kind in TYPES.values()):
        return x
    if np.issubdtype(x.dtype, np.floating):
        return x.astype(np.float32)
    for kind in (np.uint8, np.int8, np.int16):
        limits = np.iinfo(kind)
        if not x.size or (limits.min <= x.min() and x.max() <= limits.max):
            return x.astype(kind)
    return x.astype(np.float32)


def _from_table(path: Path) -> Samples:
    """A sample a line, its class or number in the last column, named in the first line or not."""
    with open(path, newline="") as file:
        lines = [line for line in csv.reader(file) if line]
    if lines and not _is_number(lines[0][0]):
        lines = lines[1:]
    if not lines or len({len(line) for line in lines}) != 1 or len(lines[0]) < 2:
        raise ValueError(f"{path}: each line has the same numbers, and its class or target last")
    for number, line in enumerate(lines, 1):
        wrong = [text for text in line[:-1] if not _is_number(text)]
        if wrong:
            raise ValueError(f"{path}: {wrong[0]!r} in sample {number} is no number")
    x = _narrow(_whole(np.array([line[:-1] for line in lines], float)))
    last = [line[-1].strip() for line in lines]
    if all(_is_number(text) for text in last):
        y = np.array(last, float)
        is_class = (y == np.floor(y)).all() and y.min() >= 0 and y.max() <= 255
        return Samples(_four_axes(x), y.astype(np.uint8) if is_class else y.astype(np.float32))
    labels = tuple(sorted(set(last)))
    return Samples(_four_axes(x), np.array([labels.index(text) for text in last]), labels)


def _whole(x: np.ndarray) -> np.ndarray:
    return x.astype(np.int64) if (x == np.floor(x)).all() and np.abs(x).max() < 2**31 else x


def _is_number(text: str) -> bool:
    try:
        return bool(np.isfinite(float(text)))
    except ValueError:
        return False


def _from_folder(folder: Path, window: int) -> Samples:
    classes = sorted(one for one in folder.iterdir() if one.is_dir())
    if len(classes) < 2:
        raise ValueError(f"{folder}: it has a folder for each class, with pictures or sounds")
    x: list[np.ndarray] = []
    y: list[int] = []
    for label, one in enumerate(classes):
        for path in sorted(one.iterdir()):
            suffix = path.suffix.lower()
            if suffix in PICTURES:
                found = [_picture(path)]
            elif suffix == ".wav":
                found = _windows(path, window)
            else:
                continue
            if x and found and found[0].shape != x[0].shape:
                raise ValueError(f"{path} is {found[0].shape}, others are {x[0].shape}")
            x += found
            y += [label] * len(found)
    if not x:
        raise ValueError(f"{folder}: no pictures and no .wav files in the folders of its classes")
    return Samples(np.array(x), np.array(y), tuple(one.name for one in classes))


def _picture(path: Path) -> np.ndarray:
    try:
        from PIL import Image
    except ImportError:
        raise ValueError("pictures are read by Pillow: pip install pillow") from None
    pixels = np.asarray(Image.open(path))
    return pixels[..., None] if pixels.ndim == 2 else pixels[..., :3]


def _windows(path: Path, window: int) -> list[np.ndarray]:
    """Pieces of a sound of 16 bits, [1][window][channels]; its end, too short for one, is left."""
    if window < 1:
        raise ValueError(f"{path}: --window says how many values of a sound make a sample")
    try:
        with wave.open(str(path)) as file:
            if file.getsampwidth() != 2:
                raise ValueError(f"{path}: sounds have 16 bits, it has {8 * file.getsampwidth()}")
            values = np.frombuffer(file.readframes(file.getnframes()), "<i2")
            values = values.reshape(-1, file.getnchannels())
    except (wave.Error, EOFError) as error:
        raise ValueError(f"{path}: no sound that can be read: {error}") from None
    starts = range(0, len(values) - window + 1, window)
    return [values[None, start : start + window] for start in starts]


def joined(parts: list[Samples]) -> Samples:
    """All samples of several sources. Raises ValueError when they differ in shape, type or
    classes."""
    kinds = {(part.x.shape[1:], part.x.dtype.str, part.y.shape[1:], part.labels) for part in parts}
    if len(kinds) > 1:
        said = "; ".join(f"{shape} {dtype} {labels or ''}" for shape, dtype, _, labels in kinds)
        raise ValueError(f"these do not go together: {said}")
    return Samples(
        np.concatenate([part.x for part in parts]),
        np.concatenate([part.y for part in parts]),
        parts[0].labels,
        sum(part.damaged for part in parts),
    )


def split(samples: Samples, share: float, seed: int = 1) -> tuple[Samples, Samples]:
    """(the rest, a share of the samples drawn at random), of each class alike."""
    rng = np.random.default_rng(seed)
    chosen = np.zeros(len(samples.x), bool)
    groups = [np.arange(len(samples.x))]
    if samples.has_classes:
        groups = [np.flatnonzero(samples.y == label) for label in np.unique(samples.y)]
    for group in groups:
        chosen[rng.permutation(group)[: round(share * len(group))]] = True
    return samples.part(~chosen), samples.part(chosen)


def write_samples(path: str, samples: Samples) -> None:
    """To a recording (.fqd) or a numpy archive (.npz). Raises OSError, ValueError."""
    suffix = Path(path).suffix.lower()
    if suffix == ".fqd":
        write_recording(path, samples.x, samples.y)
    elif suffix == ".npz":
        write_archive(path, {"x": samples.x, "y": samples.y})
    else:
        raise ValueError(f"{path}: samples are written to .fqd (for a device) and .npz files")


def describe(samples: Samples) -> str:
    """One paragraph: how many samples, their shape, type and range, and how many of each class."""
    height, width, channels = samples.x.shape[1:]
    lines = [f"{len(samples.x)} samples {height}x{width}x{channels} {samples.x.dtype}"]
    if samples.x.size:
        lines[0] += f", {samples.x.min():g} to {samples.x.max():g}"
    if samples.damaged:
        lines[0] += f"; damaged and left out: {samples.damaged}"
    if samples.has_classes:
        for label, count in zip(*np.unique(samples.y, return_counts=True), strict=True):
            name = f" ({samples.labels[label]})" if samples.labels else ""
            lines.append(f"  label {label}{name}: {count}")
    elif samples.y.size:
        targets = samples.y.reshape(len(samples.y), -1)
        for number in range(targets.shape[1]):
            column = targets[:, number]
            lines.append(f"  target {number}: mean {column.mean():g}, deviation {column.std():g}")
    return "\n".join(lines)
