"""Files that are whole or not there: what is read is a file of a size that fits, and what a write
that fails, or is killed, leaves of a file is what was there before."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import BinaryIO

MAX_BYTES = 1 << 28
# How files begin that people take for others, and what they are.
BEGINNINGS = {
    b"FQT\x1a": "a model file of fqt",
    b"FQD\x1a": "a recording of fqt (.fqd)",
    b"\x93NUMPY": "a .npy file",
    b"\x89HDF\r\n\x1a\n": "an HDF5 file (.h5, of Keras 2)",
    b"PK\x03\x04": "a zip archive (as .npz, .skops, .keras and .pt2 files are)",
    b"\x80\x02": "a pickle",
    b"\x80\x03": "a pickle",
    b"\x80\x04": "a pickle",
    b"\x80\x05": "a pickle",
    b"\x1f\x8b": "a gzip archive",
    b"version https://git-lfs": "a pointer of Git LFS (`git lfs pull` fetches the file)",
    b"<": "a page of HTML or XML",
}


def read_whole(path: str | os.PathLike, most: int = MAX_BYTES) -> bytes:
    """A file's bytes. Raises OSError, also for a folder, a device or a pipe, and for more than
    `most` bytes."""
    state = os.stat(path)
    if not stat.S_ISREG(state.st_mode):
        what = "folder" if stat.S_ISDIR(state.st_mode) else "device or pipe"
        raise OSError(f"{os.fspath(path)}: it is a {what}: name a file")
    with open(path, "rb") as file:
        data = b"" if state.st_size > most else file.read(most + 1)
    size = max(state.st_size, len(data))
    if size > most:
        raise OSError(f"{os.fspath(path)}: {size} bytes, at most {most} are read: take a part")
    return data


def looks_like(data: bytes) -> str:
    """What bytes are by their beginning, to be put behind "it is no ... file": "" when nothing
    tells."""
    if not data:
        return ", it is empty"
    if data[4:8] == b"TFL3":
        return ", it is a .tflite file"
    found = next((what for start, what in BEGINNINGS.items() if data.startswith(start)), None)
    return f", it is {found}" if found else ""


def check_places(
    outputs: Iterable[str | os.PathLike], sources: Iterable[str | os.PathLike] = ()
) -> None:
    """To be called before long work: raises OSError unless files can be written to the outputs,
    and ValueError where one is a source that is read, or another output."""
    sources = [source for source in sources if os.path.exists(source)]
    seen: list[str] = []
    for output in outputs:
        name, place = os.fspath(output), Path(output)
        if place.is_dir():
            raise OSError(f"{name}: it is a folder: name a file in it")
        if not place.parent.is_dir():
            raise OSError(
                f"{name}: there is no folder {place.parent}: make it, or write elsewhere"
            )
        if not os.access(place.parent, os.W_OK):
            raise OSError(
                f"{name}: nothing can be written to the folder {place.parent}: change its "
                "permissions, or write elsewhere"
            )
        if place.exists() and any(os.path.samefile(place, source) for source in sources):
            raise ValueError(f"{name}: it would overwrite what is read: name another file")
        if os.path.abspath(place) in seen:
            raise ValueError(f"{name}: two files would be written there: name another for one")
        seen.append(os.path.abspath(place))


def write_bytes(path: str | os.PathLike, content: bytes) -> None:
    """Write a whole file. Raises OSError; the place is unchanged then."""
    write_whole(path, lambda file: file.write(content))


def write_all(contents: Mapping[str | os.PathLike, bytes]) -> None:
    """Write several whole files: all are written beside their places before the first is moved
    there. Raises OSError; all places are unchanged then, unless a move fails."""
    if not contents:
        return
    path, *others = contents
    rest = {other: contents[other] for other in others}

    def write(file: BinaryIO) -> None:
        file.write(contents[path])
        file.flush()
        write_all(rest)

    write_whole(path, write)


def write_whole(path: str | os.PathLike, write: Callable[[BinaryIO], object]) -> None:
    """Write a file beside its place with `write`, which takes it opened, and then move it there.
    Raises OSError that names the place, and what `write` raises; the place is unchanged then."""
    path = Path(path)
    beside = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        with open(beside, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException as error:
        beside.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno and error.filename in (None, str(beside)):
            error.filename, error.filename2 = str(path), None
        raise
