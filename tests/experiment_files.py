"""Experiments for tests: parts of their files, data that are made up, and what a wrong line is
told."""

import numpy as np
import pytest

from fqt.experiment import read_experiment

FLOAT32 = """
[[runs]]
name = "float32"
arithmetic = "float32"
"""
INT8 = """
[[runs]]
name = "int8"
arithmetic = "int8"
master = 16
"""
MIXED = """
[[runs]]
name = "mixed"
arithmetic = "mixed"
"""


def people(samples: int, side: int, seed: int) -> dict[str, np.ndarray]:
    """Random images of two classes, each of one of three people."""
    rng = np.random.default_rng(seed)
    arrays = {"classes": np.array(["a", "b"])}
    for part in ("train", "test"):
        arrays["x_" + part] = rng.integers(0, 255, (samples, side, side, 1)).astype(np.uint8)
        arrays["y_" + part] = rng.integers(0, 2, samples)
        arrays["person_" + part] = rng.integers(0, 3, samples)
    return arrays


def check_refused(path, text: str, old: str, new: str, message: str) -> None:
    """The text with `new` in place of `old` is refused when it is read."""
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(ValueError, match=message):
        read_experiment(path)
