"""What users pass to a model: checked in one place, with the same messages for the reference and
the core."""

from __future__ import annotations

import numpy as np


def check_master(master: int) -> None:
    """Raises ValueError unless master is 8 or 16."""
    if master not in (8, 16):
        raise ValueError(f"master is 8 or 16 (bits kept of each trainable weight), not {master!r}")


def check_learning_rate(lr: float) -> float:
    """lr as a float32 value; subnormal numbers count as 0. Raises ValueError unless finite and >=
    0."""
    rate = np.float32(lr)
    if not np.isfinite(rate) or rate < 0:
        raise ValueError(f"lr must be a finite number, 0 or more, not {lr}")
    return float(rate) if rate >= np.finfo(np.float32).tiny else 0.0


def check_label(model, label: int) -> None:
    """Raises ValueError when label is no output of the model."""
    outputs = int(np.prod(model.layers[-1].output_shape))
    if not 0 <= label < outputs:
        raise ValueError(f"label must be 0 to {outputs - 1}, not {label}")


def sample_of(model, x) -> np.ndarray:
    """One sample as uint8, int8 or float32, as the model takes it.

    Raises ValueError for another type, another number of elements, and for numbers that are not
    finite.
    """
    x = np.asarray(x)
    if x.dtype.kind == "f":
        x = x.astype(np.float32)
        if not np.isfinite(x).all():
            raise ValueError(
                f"input element {int(np.argmin(np.isfinite(x.ravel())))} is not a finite number"
            )
    elif x.dtype != model.input_type:
        raise ValueError(f"input must be {model.input_type} or float, not {x.dtype}")
    elements = int(np.prod(model.input_shape))
    if x.size != elements:
        raise ValueError(f"a sample has {elements} elements, not {x.size}")
    return x
