"""NumPy's files (.npy, .npz), read with distrust: nothing is unpickled, and no memory is taken for
what a file only says that it holds."""

from __future__ import annotations

import io
import math
import os
import zipfile

import numpy as np

from fqt.errors import of_file, said_by
from fqt.files import looks_like, read_whole

MAX_ARRAY_BYTES = 1 << 31  # of all arrays of a file together
HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
AGAIN = "write it again with numpy.{}"


def array_of(data: bytes) -> np.ndarray:
    """The array in a .npy file's bytes. Raises ValueError for what is none, holds objects, or
    less than it says."""
    file = io.BytesIO(data)
    try:
        shape, is_fortran, dtype = HEADERS[np.lib.format.read_magic(file)](file)
    except Exception as error:  # of numpy, and of Python's own parser, which it uses
        raise ValueError(f"its header is damaged ({said_by(error)})") from None
    if dtype.hasobject:
        raise ValueError("it holds Python objects, not numbers")
    needed, there = math.prod(shape) * dtype.itemsize, len(data) - file.tell()
    if min(shape, default=0) < 0 or needed > there:
        raise ValueError(
            f"it says that it holds {shape} of {dtype}, {needed} bytes, and has {there}: it is "
            "damaged or cut off"
        )
    if is_fortran:
        return np.ndarray(shape[::-1], dtype, data, file.tell()).copy().T
    return np.ndarray(shape, dtype, data, file.tell()).copy()


def read_array(path: str | os.PathLike) -> np.ndarray:
    """The array in a .npy file. Raises OSError, and ValueError that names the file."""
    data = read_whole(path, MAX_ARRAY_BYTES)
    with of_file(path):
        try:
            return array_of(data)
        except ValueError as error:
            raise ValueError(
                f"no .npy file that can be read{looks_like(data)}: {error}: {AGAIN.format('save')}"
            ) from None


def open_archive(path: str | os.PathLike, names: list[str] | None = None) -> dict:
    """All arrays of a NumPy archive, or those named that it has, whatever is in it. Raises
    OSError, and ValueError that names the file when it is none or is damaged."""
    place, data = os.fspath(path), read_whole(path, MAX_ARRAY_BYTES)
    place += " is not a NumPy archive that can be read"
    if not data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        raise ValueError(f"{place}{looks_like(data)}: {AGAIN.format('savez')}")
    try:
        members = _members(data, names)
    except Exception as error:  # of zipfile and zlib
        raise ValueError(f"{place}: {said_by(error)}: {AGAIN.format('savez')}") from None
    arrays = {}
    for name, content in members.items():
        try:
            arrays[name] = array_of(content)
        except ValueError as error:
            raise ValueError(f"{place}: array {name}: {error}: {AGAIN.format('savez')}") from None
    return arrays


def _members(data: bytes, names: list[str] | None) -> dict[str, bytes]:
    """The bytes of an archive's arrays by name. zipfile reads no more of one than it says, and
    compares its CRC."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = {one.filename.removesuffix(".npy"): one for one in archive.infolist()}
        wanted = {name: one for name, one in entries.items() if names is None or name in names}
        size = sum(one.file_size for one in wanted.values())
        if size > MAX_ARRAY_BYTES:
            raise ValueError(f"{size} bytes unpacked, at most {MAX_ARRAY_BYTES} are read")
        return {name: archive.read(one) for name, one in wanted.items()}
