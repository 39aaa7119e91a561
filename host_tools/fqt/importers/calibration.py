"""Samples for calibration, from the files that numpy writes."""

from __future__ import annotations

import os

import numpy as np

from fqt.samples.recordings import read_recording

NAMES = ("x", "x_train")


def read_samples(path: str | os.PathLike) -> np.ndarray:
    """The samples in a .npy file, in a device's recording (.fqd), or in an .npz archive its only
    array, or that named x or x_train. Raises OSError, and ValueError when the file is none or does
    not say which."""
    if str(path).endswith(".fqd"):
        return read_recording(path).x
    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return loaded
        with loaded:
            names = loaded.files
            chosen = names if len(names) == 1 else [name for name in NAMES if name in names]
            if chosen:
                return loaded[chosen[0]]
    except OSError:
        raise
    except Exception as error:  # of zipfile, zlib and numpy
        raise ValueError(f"{path}: no .npy or .npz file of numbers: {error}") from None
    raise ValueError(
        f"{path}: its arrays are {', '.join(names) or 'none'}: name the samples {NAMES[0]}"
    )
