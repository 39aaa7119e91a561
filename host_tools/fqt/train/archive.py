"""The parameters of a network in a NumPy archive: written whole, and checked before anything is
taken from it."""

from __future__ import annotations

import os
from collections.abc import Mapping

import numpy as np

from fqt.files import write_whole
from fqt.numpy_files import open_archive


def write_archive(path: str | os.PathLike, arrays: dict[str, np.ndarray]) -> None:
    """Raises OSError; what was at the path is still there then."""
    write_whole(path, lambda file: np.savez(file, allow_pickle=False, **arrays))


def read_archive(
    path: str | os.PathLike,
    shapes: dict[str, tuple[int, ...]],
    others: Mapping[str, tuple[int, ...]],
) -> dict:
    """The arrays of an archive, float32, by name. shapes: what it must hold; others: what it may
    hold beside it.

    Raises OSError, and ValueError for what is no NumPy archive, for other names or shapes, and
    for arrays of anything but finite numbers.
    """
    place = os.fspath(path)
    arrays = open_archive(path)
    found = {name: array.shape for name, array in arrays.items()}
    allowed = {name: shape for name, shape in others.items() if name in found}
    if found != {**shapes, **allowed}:
        raise ValueError(f"{place} holds {found}, the network has {shapes}")
    result = {}
    for name, array in arrays.items():
        if array.dtype.kind not in "iuf":
            raise ValueError(f"{place}: {name} must be numbers, not {array.dtype}")
        with np.errstate(over="ignore"):
            result[name] = array.astype(np.float32)
        if not np.isfinite(result[name]).all():
            raise ValueError(f"{place}: {name} has numbers that are not finite in float32")
        if name.endswith(".running_variance") and (result[name] < 0).any():
            raise ValueError(f"{place}: {name} has a variance below 0")
    return result
