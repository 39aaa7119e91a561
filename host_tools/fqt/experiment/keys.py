"""Names of kept results: each changes with all that a result depends on, so that nothing is found
again for other data or by other code."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path

import numpy as np

from fqt.run.library import library_path

PACKAGE = Path(__file__).resolve().parents[1]
# The rooms that what is trained does not depend on, where it runs, and what only shows results.
WITHOUT = (
    "device",
    "cli.py",
    "plotting.py",
    "cost.py",
    "executors.py",
    "progress.py",
    "report.py",
    "statistics.py",
)
DIGITS = 12


def digest_of(value) -> str:
    """A name for plain data."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:DIGITS]


def digest_of_file(path: Path) -> str:
    """A name for what is in a file. Raises OSError."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:DIGITS]


def digest_of_arrays(arrays: dict[str, np.ndarray]) -> str:
    """A name for what is in arrays."""
    found = {
        name: (array.dtype.str, array.shape, hashlib.sha256(array.tobytes()).hexdigest())
        for name, array in arrays.items()
    }
    return digest_of(found)


@cache
def parts_of_code() -> dict[str, str]:
    """Names for the parts of the code that makes results: this package, the core's library,
    numpy."""
    sources = sorted(
        path
        for path in PACKAGE.rglob("*.py")
        if not any(part in WITHOUT for part in path.relative_to(PACKAGE).parts)
    )
    names = [str(path.relative_to(PACKAGE)) for path in sources]
    return {
        "fqt": digest_of([names, [digest_of_file(path) for path in sources]]),
        "libfqt_core": digest_of_file(library_path()),
        "numpy": np.__version__,
    }


def digest_of_code() -> str:
    """A name for the code that makes results."""
    return digest_of(parts_of_code())
