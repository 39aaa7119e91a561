"""Files of scikit-learn's objects: .skops, and pickles, which run code when they are loaded."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path
from typing import Any

from fqt.errors import said_by
from fqt.files import MAX_BYTES, looks_like, read_whole

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
    data = read_whole(path)
    try:
        return joblib.load(io.BytesIO(data))
    except Exception as error:  # a pickle raises what it likes
        raise ValueError(
            f"{path}: no pickle that can be loaded here{looks_like(data)} ({said_by(error)}): "
            "save it again, with the same scikit-learn"
        ) from None


def _load_skops(path: Path, trust: bool) -> Any:
    try:
        import skops.io
    except ImportError:
        raise RuntimeError(".skops files need skops: pip install 'fqt-host[sklearn]'") from None
    data = read_whole(path)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            size = sum(one.file_size for one in archive.infolist())
        if size > MAX_BYTES:
            raise ValueError(f"{size} bytes unpacked, at most {MAX_BYTES} are read")
        unknown = skops.io.get_untrusted_types(data=data)
        if not unknown or trust:
            return skops.io.loads(data, trusted=unknown)
    except Exception as error:  # of zipfile, json, skops, scikit-learn
        raise ValueError(
            f"{path}: no .skops file that can be loaded{looks_like(data)} ({said_by(error)}): "
            "write it again with skops.io.dump"
        ) from None
    raise ValueError(
        f"{path}: it has types that skops does not know to be harmless, {', '.join(unknown)}: "
        "trust=True (--trust) when you made it"
    )
