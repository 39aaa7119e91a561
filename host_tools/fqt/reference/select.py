"""Dynamic partial updates: the structures that take part in a step's backward pass (section
10)."""

from __future__ import annotations

import numpy as np

from fqt.reference.fixed import Random, Scale, dither, fixed_multiply

GREATEST_FACTOR_Q8 = 512


def update_rate(loss: int, greatest_loss: int, least_rate: int, greatest_rate: int) -> int:
    """The share of structures to update, Q16; losses in Q16."""
    if loss >= greatest_loss or least_rate >= greatest_rate:
        return greatest_rate
    share = Scale.from_int(greatest_rate - least_rate) / Scale.from_int(greatest_loss)
    return least_rate + int(fixed_multiply(loss, share))


def select(errors: np.ndarray, rate: int, random: Random | None = None) -> np.ndarray:
    """errors int8 [height][width][channels] -> ascending indices of the share `rate` of the
    channels, at least one; all when the rate asks for all.

    Without `random` those whose errors have the greatest L1 norms, the first of equal ones, none
    without error. With it they are drawn, and their errors scaled in place.
    """
    channels = errors.shape[2]
    wanted = max((rate * channels) >> 16, 1)
    if wanted >= channels:
        return np.arange(channels)
    norms = np.abs(errors.astype(np.int64)).sum(axis=(0, 1))
    if random is not None:
        return _sample(errors, norms, wanted, random)
    chosen = np.argsort(-norms, kind="stable")[:wanted]
    return np.sort(chosen[norms[chosen] > 0])


def _sample(errors: np.ndarray, norms: np.ndarray, wanted: int, random: Random) -> np.ndarray:
    """Systematic sampling: marks `interval` apart on the line of all norms, from a random start
    on; a channel's errors are scaled by (marks on its norm) * interval / norm, at most 2."""
    if not norms.any():
        return np.arange(0)
    interval = (int(norms.sum()) - 1) // wanted + 1
    start = (random.draw() * interval) >> 32
    base = random.draw()
    ends = np.concatenate([[0], np.cumsum(norms)])
    marks_before = -((start - ends) // interval)  # how many marks lie below each end
    marks_before = np.maximum(marks_before, 0)
    marks = np.diff(marks_before)
    offsets = np.arange(errors.size).reshape(errors.shape)
    for o in np.flatnonzero(marks):
        factor = Scale.from_int(int(marks[o]) * interval) / Scale.from_int(int(norms[o]))
        factor_q8 = min(int(fixed_multiply(256, factor)), GREATEST_FACTOR_Q8)
        noise = dither(base, offsets[..., o]) >> 24
        scaled = (errors[..., o].astype(np.int64) * factor_q8 + noise) >> 8
        errors[..., o] = np.clip(scaled, -127, 127)
    return np.flatnonzero(marks)
