"""Dynamic partial updates: the structures that take part in a step's backward pass (section
10)."""

from __future__ import annotations

import numpy as np

from fqt.reference.fixed import Scale, fixed_multiply

ONE_Q16 = 65536


def update_rate(loss: int, greatest_loss: int, least_rate: int, greatest_rate: int) -> int:
    """The share of structures to update, Q16; losses in Q16."""
    if loss >= greatest_loss or least_rate >= greatest_rate:
        return greatest_rate
    share = Scale.from_int(greatest_rate - least_rate) / Scale.from_int(greatest_loss)
    return least_rate + int(fixed_multiply(loss, share))


def select(errors: np.ndarray, rate: int) -> np.ndarray:
    """errors int8 [height][width][channels] -> ascending indices of the channels whose errors have
    the greatest L1 norms: the share `rate` of them, at least one; the first of equal ones, none
    without error. All when the rate asks for all."""
    channels = errors.shape[2]
    wanted = max((rate * channels) >> 16, 1)
    if wanted >= channels:
        return np.arange(channels)
    norms = np.abs(errors.astype(np.int64)).sum(axis=(0, 1))
    chosen = np.argsort(-norms, kind="stable")[:wanted]
    return np.sort(chosen[norms[chosen] > 0])
