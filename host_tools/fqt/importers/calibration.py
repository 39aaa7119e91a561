"""Samples for calibration: read from files, and checked before they give a network its ranges."""

from __future__ import annotations

import os

import numpy as np

from fqt.importers.network import Network
from fqt.importers.sklearn import Estimator
from fqt.numpy_files import open_archive, read_array
from fqt.samples.recordings import read_recording
from fqt.shapes import check_finite

NAMES = ("x", "x_train")
LIKE = "give samples like those to come, as the source takes them"


def read_samples(path: str | os.PathLike) -> np.ndarray:
    """The samples in a .npy file, in a device's recording (.fqd), or in an .npz archive its only
    array, or that named x or x_train. Raises OSError, and ValueError when the file is none or does
    not say which."""
    suffix = os.path.splitext(os.fspath(path))[1].lower()
    if suffix == ".fqd":
        return read_recording(path).x
    if suffix == ".npy":
        return read_array(path)
    if suffix != ".npz":
        raise ValueError(
            f"{os.fspath(path)}: samples for ranges are in .npz, .npy and .fqd files: numpy.savez "
            "writes one, and `fqt data TABLE.csv -o x.npz`"
        )
    arrays = open_archive(path)
    chosen = list(arrays) if len(arrays) == 1 else [name for name in NAMES if name in arrays]
    if not chosen:
        names = ", ".join(arrays) or "none"
        raise ValueError(f"{os.fspath(path)}: its arrays are {names}: name the samples {NAMES[0]}")
    return arrays[chosen[0]]


def checked_samples(network: Network | Estimator, x: np.ndarray) -> np.ndarray:
    """Samples as the source takes them. Raises ValueError for what is no array of numbers, not
    finite, not of the source's shape, empty, or says nothing of ranges."""
    x = np.asarray(x)
    if x.dtype.kind not in "biuf":
        raise ValueError(f"samples are {x.dtype}, not numbers: {LIKE}")
    if not x.ndim or not x.size:
        raise ValueError(f"no samples are in an array of shape {x.shape}: {LIKE}")
    if isinstance(network, Estimator):
        network.net.samples(x)
    else:
        network.arrange(x)
    with np.errstate(over="ignore"):  # what is beyond float32 is not finite then
        check_finite("sample", x.astype(np.float32))
    if x.size > 1 and (x == x.flat[0]).all():
        raise ValueError(f"all of its {x.size} numbers are {x.flat[0]}: {LIKE}")
    return x
