"""Files of scikit-learn's objects: .skops, and pickles, which run code when they are loaded."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

PICKLES = (".joblib", ".pkl", ".pickle")
SUFFIXES = (".skops", *PICKLES)


def load_estimator(path: str | os.PathLike, trust: bool = False) -> Any:
    """The object in a file. trust: also what could run code of whoever made the file: a pickle, or
    types in a .skops file that skops does not know to be harmless. Raises OSError; ValueError for
    a file that is none, or needs trust; RuntimeError that says which package to install."""
    path = Path(path)
    if path.suffix.lower() in PICKLES:
        return _load_pickle(path, trust)
    return _load_skops(path, trust)


def _load_pickle(path: Path, trust: bool) -> Any:
    if not trust:
        raise ValueError(
            f"{path}: a pickle runs code of whoever made it: trust=True (--trust) when that was "
            "you, or save the estimator with skops.io.dump"
        )
    try:
        import joblib
    except ImportError:
        raise RuntimeError(
            f"{path.suffix} files need scikit-learn: pip install 'fqt-host[sklearn]'"
        ) from None
    with open(path, "rb") as file:
        try:
            return joblib.load(file)
        except Exception as error:  # a pickle raises what it likes
            raise ValueError(f"{path}: it cannot be loaded: {error}") from None


def _load_skops(path: Path, trust: bool) -> Any:
    try:
        import skops.io
    except ImportError:
        raise RuntimeError(".skops files need skops: pip install 'fqt-host[sklearn]'") from None
    data = path.read_bytes()
    try:
        unknown = skops.io.get_untrusted_types(data=data)
        if not unknown or trust:
            return skops.io.loads(data, trusted=unknown)
    except Exception as error:  # of zipfile, json, skops, scikit-learn
        raise ValueError(f"{path}: no .skops file that can be loaded: {error}") from None
    raise ValueError(
        f"{path}: it has types that skops does not know to be harmless, {', '.join(unknown)}: "
        "trust=True (--trust) when you made it"
    )
