"""Samples with labels, from and to files that people have (`fqt data`): recordings of a device
(.fqd), numpy's archives (.npz), tables (.csv), sounds (.wav) and pictures in folders that are
named after their class."""

from __future__ import annotations

import csv
import io
import math
import struct
import warnings
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fqt.errors import of_file, said_by
from fqt.files import looks_like, read_whole
from fqt.numpy_files import open_archive
from fqt.samples.recordings import TYPES, read_recording, write_recording
from fqt.shapes import check_finite
from fqt.train.archive import write_archive

SHOWN = 40  # characters of a cell
PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".pgm", ".ppm")


@dataclass(frozen=True)
class Samples:
    """x: [n][height][width][channels]; y: labels [n], of pixels [n][height][width], or targets
    [n][targets]; labels: a name for each class, where the source has names."""

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
    for names in ("x", "y"), ("x_train", "y_train"):
        if all(name in arrays for name in names):
            with of_file(path):
                return _of_arrays(*(arrays[name] for name in names))
    raise ValueError(
        f"{path}: samples are x and their labels or targets y, it has "
        f"{', '.join(arrays) or 'nothing'}: name them so in numpy.savez"
    )


def _of_arrays(x: np.ndarray, y: np.ndarray) -> Samples:
    """Raises ValueError for what are no samples with labels or targets."""
    if x.dtype.kind not in "biuf" or not 2 <= x.ndim <= 4 or not math.prod(x.shape[1:]):
        raise ValueError(
            f"x is {x.dtype} of shape {x.shape}: samples are numbers, [n][height][width][channels]"
        )
    if not 1 <= y.ndim <= 4 or y.dtype.kind not in "biufUS" or not math.prod(y.shape[1:]):
        raise ValueError(
            f"y is {y.dtype} of shape {y.shape}: give labels [n], those of pixels "
            "[n][height][width], or targets [n][outputs]"
        )
    if len(x) != len(y):
        raise ValueError(f"x has {len(x)} samples, y {len(y)} labels or targets: give one each")
    for what, values in (("x: sample", x), ("y: target", y)):
        if values.dtype.kind == "f":
            check_finite(what, values)
    labels: tuple[str, ...] = ()
    if y.dtype.kind in "US":
        names, y = np.unique(y.astype(str), return_inverse=True)
        labels, y = tuple(names.tolist()), y.reshape(len(x), -1)
        if y.shape[1] != 1:
            raise ValueError("y has several names a sample: give one label each")
        y = y[:, 0]
    elif y.ndim == 1 and y.dtype.kind in "biu" and len(y) and y.min() < 0:
        raise ValueError(f"y: label {y.min()} of sample {y.argmin()}: labels are 0 and up")
    return Samples(_four_axes(_narrow(x)), y, labels)


def _narrow(x: np.ndarray) -> np.ndarray:
    """As a type that recordings have: float64 as float32, wide integers as the narrowest that
    holds them."""
    if any(x.dtype == kind for kind in TYPES.values()):
        return x
    if x.dtype.kind == "b":
        return x.astype(np.uint8)
    if np.issubdtype(x.dtype, np.floating):
        return x.astype(np.float32)
    for kind in (np.uint8, np.int8, np.int16):
        limits = np.iinfo(kind)
        if not x.size or (limits.min <= x.min() and x.max() <= limits.max):
            return x.astype(kind)
    return x.astype(np.float32)


def _from_table(path: Path) -> Samples:
    """A sample a line, its class or number in the last column, named in the first line or not."""
    lines = _lines_of(path)
    if lines and not _is_number(lines[0][1][0]):
        lines = lines[1:]
    if not lines:
        raise ValueError(f"{path}: it has no samples: give a line each, its class or target last")
    first, columns = lines[0][0], len(lines[0][1])
    for number, line in lines:
        if len(line) != columns or columns < 2:
            raise ValueError(
                f"{path}, line {number}: {len(line)} columns, line {first} has {columns}: each "
                "line has the same numbers, with commas between, and its class or target last"
            )
        wrong = next((text for text in line[:-1] if not _is_number(text)), None)
        if wrong is not None:
            raise ValueError(
                f"{path}, line {number}: {wrong[:SHOWN]!r} is no number: mend it, or leave the "
                "line out"
            )
    x = _narrow(_whole(np.array([line[:-1] for _, line in lines], float)))
    last = [line[-1].strip() for _, line in lines]
    are_numbers = [_is_number(text) for text in last]
    if all(are_numbers):
        y = np.array(last, float)
        is_class = (y == np.floor(y)).all() and y.min() >= 0 and y.max() <= 255
        return Samples(_four_axes(x), y.astype(np.uint8) if is_class else y.astype(np.float32))
    if any(are_numbers):
        at = are_numbers.index(not are_numbers[0])
        raise ValueError(
            f"{path}, line {lines[at][0]}: its last column is {last[at][:SHOWN]!r}, that of line "
            f"{first} {last[0][:SHOWN]!r}: classes are all names or all numbers"
        )
    labels = tuple(sorted(set(last)))
    return Samples(_four_axes(x), np.array([labels.index(text) for text in last]), labels)


def _lines_of(path: Path) -> list[tuple[int, list[str]]]:
    """The lines of a table that are not empty, with their numbers."""
    data = read_whole(path)
    try:
        reader = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))
        return [(reader.line_num, line) for line in reader if line]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(
            f"{path}: no table of text in UTF-8{looks_like(data)} ({said_by(error)}): write it as "
            "comma-separated values"
        ) from None


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
        raise ValueError(f"{path}: pictures are read by Pillow: pip install pillow") from None
    data = read_whole(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            pixels = np.asarray(Image.open(io.BytesIO(data)))
    except Exception as error:  # of each format's reader its own
        raise ValueError(
            f"{path}: no picture that can be read{looks_like(data)} ({said_by(error)}): write it "
            "again, or leave it out"
        ) from None
    return pixels[..., None] if pixels.ndim == 2 else pixels[..., :3]


def _windows(path: Path, window: int) -> list[np.ndarray]:
    """Pieces of a sound of 16 bits, [1][window][channels]; its end, too short for one, is left."""
    if window < 1:
        raise ValueError(f"{path}: --window says how many values of a sound make a sample")
    try:
        with wave.open(io.BytesIO(read_whole(path))) as file:
            if file.getsampwidth() != 2:
                raise wave.Error(f"{8 * file.getsampwidth()} bits, not 16")
            values = np.frombuffer(file.readframes(file.getnframes()), "<i2")
            values = values[: len(values) // file.getnchannels() * file.getnchannels()]
            values = values.reshape(-1, file.getnchannels())
    except (wave.Error, EOFError, struct.error) as error:
        raise ValueError(
            f"{path}: no sound that can be read ({said_by(error)}): write it again, as .wav with "
            "16 bits"
        ) from None
    starts = range(0, len(values) - window + 1, window)
    return [values[None, start : start + window] for start in starts]


def read_all(paths: list[str], window: int = 0) -> Samples:
    """The samples of several sources, one behind the other, as read_samples reads each."""
    parts = [read_samples(path, window) for path in paths]
    with of_file(*paths):
        return joined(parts)


def joined(parts: list[Samples]) -> Samples:
    """All samples of several sources. Raises ValueError when they differ in shape, type or
    classes."""
    kinds = {(part.x.shape[1:], part.x.dtype.str, part.y.shape[1:], part.labels) for part in parts}
    if len(kinds) > 1:
        said = "; ".join(f"{shape} {dtype} {labels or ''}" for shape, dtype, _, labels in kinds)
        raise ValueError(f"these do not go together: {said}: give files of one kind of samples")
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
