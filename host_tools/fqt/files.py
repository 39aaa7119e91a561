"""Files that are whole or not there: what a write that fails, or is killed, leaves of a file is
what was there before."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO


def write_bytes(path: str | os.PathLike, content: bytes) -> None:
    """Write a whole file. Raises OSError; the place is unchanged then."""
    write_whole(path, lambda file: file.write(content))


def write_whole(path: str | os.PathLike, write: Callable[[BinaryIO], object]) -> None:
    """Write a file beside its place with `write`, which takes it opened, and then move it there.
    Raises OSError, and what `write` raises; the place is unchanged then."""
    path = Path(path)
    beside = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        with open(beside, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
