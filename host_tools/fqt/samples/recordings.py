"""Recordings: the files of samples that fqt.Recorder writes on a device (micropython_lib/
fqt_data.py; docs/data_files.md describes the layout)."""

from __future__ import annotations

import math
import os
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fqt.file.checks import MAX_ELEMENTS
from fqt.files import looks_like, read_whole, write_bytes

MAGIC = b"FQD\x1a"
VERSION = 1
# magic, version, type, targets, height, width, channels, 0, CRC of what is before
HEADER = struct.Struct("<4sBBHHHHHI")
TYPES = {"B": np.uint8, "b": np.int8, "h": np.dtype("<i2"), "f": np.dtype("<f4")}
GREATEST_LABEL = 255
MAX_RECORDING_BYTES = 1 << 31


@dataclass(frozen=True)
class Recording:
    """x: [n][height][width][channels] in the recorded type; y: labels uint8 [n], or targets
    float32 [n][targets]. damaged: records that were left out, since their CRC does not match or a
    power cut tore them."""

    x: np.ndarray
    y: np.ndarray
    damaged: int = 0


def record_type(x: np.ndarray, targets: int) -> np.dtype:
    """Of the records of samples [n][height][width][channels]: crc, y (labels when targets is 0),
    x."""
    return _record_type(_type_code(x), targets, x.shape[1:])


def _type_code(x: np.ndarray) -> str:
    codes = [code for code, kind in TYPES.items() if x.dtype == kind]
    if not codes:
        raise ValueError(f"samples are uint8, int8, int16 or float32, not {x.dtype}")
    return codes[0]


def _record_type(type_code: str, targets: int, shape: tuple[int, ...]) -> np.dtype:
    target = ("y", "<f4", (targets,)) if targets else ("y", np.uint8)
    return np.dtype([("crc", "<u4"), target, ("x", TYPES[type_code], shape)])


def read_recording(path: str | os.PathLike) -> Recording:
    """The whole records of a file, the oldest first; with those of its older half (PATH.old) when
    that lies beside it. Raises OSError, ValueError when it is no recording."""
    path = Path(path)
    older = path.with_name(path.name + ".old")
    parts = [_read_one(one) for one in (older, path) if one == path or one.exists()]
    shapes = {(part.x.shape[1:], part.x.dtype, part.y.shape[1:]) for part in parts}
    if len(shapes) > 1:
        raise ValueError(f"{path} and {older.name} hold samples of different shapes or types")
    return Recording(
        np.concatenate([part.x for part in parts]),
        np.concatenate([part.y for part in parts]),
        sum(part.damaged for part in parts),
    )


def _read_one(path: Path) -> Recording:
    data = read_whole(path, MAX_RECORDING_BYTES)
    if data[:4] != MAGIC:
        raise ValueError(f"{path} is no recording of fqt{looks_like(data)}: copy it again")
    if len(data) < HEADER.size:
        raise ValueError(f"{path}: its header is damaged, it has {len(data)} bytes: copy it again")
    _, version, code, targets, *shape, _, crc = HEADER.unpack_from(data)
    if crc != zlib.crc32(data[: HEADER.size - 4]):
        raise ValueError(f"{path}: its header is damaged: its CRC does not match: copy it again")
    if version != VERSION or chr(code) not in TYPES:
        raise ValueError(f"{path} was made by a newer version of fqt: pip install -U fqt-host")
    if not 0 < math.prod(shape) <= MAX_ELEMENTS:
        raise ValueError(f"{path}: a sample of {' x '.join(map(str, shape))} is none: record anew")
    record = _record_type(chr(code), targets, tuple(shape))
    count, rest = divmod(len(data) - HEADER.size, record.itemsize)
    records = np.frombuffer(data, record, count, HEADER.size)
    ends = range(HEADER.size, HEADER.size + count * record.itemsize, record.itemsize)
    whole = np.array(
        [
            zlib.crc32(data[at + 4 : at + record.itemsize]) == crc
            for at, crc in zip(ends, records["crc"].tolist(), strict=True)
        ],
        bool,
    )
    return Recording(
        records["x"][whole].copy(), records["y"][whole].copy(), int((~whole).sum()) + (rest > 0)
    )


def recording_bytes(x: np.ndarray, y: np.ndarray) -> bytes:
    """A recording of samples [n][height][width][channels] (uint8, int8, int16 or float32) and
    labels [n] of integers, or targets [n] or [n][targets] of floats. Raises ValueError for
    others."""
    x, y = np.asarray(x), np.asarray(y)
    code = _type_code(x)
    if x.ndim != 4 or not all(0 < extent < 65536 for extent in x.shape[1:]):
        raise ValueError(f"samples are [n][height][width][channels], not {x.shape}")
    if len(y) != len(x):
        raise ValueError(f"{len(x)} samples and {len(y)} labels or targets")
    targets = 0
    if np.issubdtype(y.dtype, np.floating):
        y = y.reshape(len(y), -1).astype("<f4")
        targets = y.shape[1]
    elif y.ndim != 1 or (len(y) and not (y.min() >= 0 and y.max() <= GREATEST_LABEL)):
        raise ValueError(f"labels are [n] of integers from 0 to {GREATEST_LABEL}")
    records = np.zeros(len(x), _record_type(code, targets, x.shape[1:]))
    records["x"], records["y"] = x, y
    size = records.dtype.itemsize
    data = records.tobytes()
    records["crc"] = [zlib.crc32(data[at + 4 : at + size]) for at in range(0, len(data), size)]
    fields = HEADER.pack(MAGIC, VERSION, ord(code), targets, *x.shape[1:], 0, 0)[:-4]
    return fields + struct.pack("<I", zlib.crc32(fields)) + records.tobytes()


def write_recording(path: str | os.PathLike, x: np.ndarray, y: np.ndarray) -> None:
    """Write recording_bytes(x, y); a write that fails changes nothing."""
    write_bytes(path, recording_bytes(x, y))
