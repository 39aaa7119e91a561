"""Numbers in the user's units, and as a float32 network sees them: about 0 and 1.

A map is float32 [channels][2], or of outputs [outputs][2]: offset and scale, as a model file has
them. A number x in the user's units is (x - offset) / scale to the network, whose z is
z * scale + offset.
"""

from __future__ import annotations

import numpy as np

from fqt.file.checks import LARGEST_SCALE, SMALLEST_SCALE
from fqt.shapes import numbers


def measured(what: str, values: np.ndarray) -> np.ndarray:
    """The map of mean and deviation of each column. values: [...][columns]; columns that are one
    value have deviation 1. Raises ValueError for deviations that no scale holds."""
    columns = values.reshape(-1, values.shape[-1]).astype(np.float64)
    deviations = np.where(np.ptp(columns, axis=0) > 0, columns.std(axis=0), 1.0)
    return checked(what, np.stack([columns.mean(axis=0), deviations], axis=1), len(deviations))


def checked(what: str, rows, count: int) -> np.ndarray:
    """A map as float32 [count][2]. Raises ValueError for other shapes, and for offsets that are
    not finite and scales beyond 2^-64 to 2^64 in float32."""
    rows = numbers(what, rows).copy()
    if rows.shape != (count, 2):
        raise ValueError(f"{what} is [{count}][2], offset and scale each, not {rows.shape}")
    for row, (offset, scale) in enumerate(rows.tolist()):
        if not np.isfinite(offset) or not SMALLEST_SCALE <= scale <= LARGEST_SCALE:
            raise ValueError(
                f"{what}, row {row}: an offset is a finite number, a scale {SMALLEST_SCALE:.2g} "
                f"to {LARGEST_SCALE:.2g}, not {offset:g} and {scale:g}"
            )
    return rows


def without_units(values: np.ndarray, rows: np.ndarray | None) -> np.ndarray:
    """values [...][columns], float32, as the network's numbers."""
    if rows is None:
        return values
    offsets, scales = rows.astype(np.float64).T
    return ((values - offsets) / scales).astype(np.float32)


def with_units(values: np.ndarray, rows: np.ndarray | None) -> np.ndarray:
    """The network's numbers [...][columns], float32, in the user's units."""
    if rows is None:
        return values
    offsets, scales = rows.astype(np.float64).T
    return (values * scales + offsets).astype(np.float32)
