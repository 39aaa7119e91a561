"""Dynamic partial updates: the structures that take part in a step's backward pass (section
10)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fqt.reference.fixed import Scale, dither, fixed_multiply

GREATEST_FACTOR_Q8 = 512
LEAST_CHANNELS = 8  # take part, of fewer all
PROBE_INTERVAL = 8
RISE_SHIFT = 2
FADE_SHIFT = 8
FEW = 4  # of so many channels, one: only then are errors formed in selected channels alone


def follow_greatest_loss(greatest_loss: int, loss: int) -> int:
    """The greatest loss of late after a training step, losses in Q16: it rises by at most a
    quarter, so that one bad target cannot set it, and fades towards lower losses."""
    if loss > greatest_loss:
        return min(loss, greatest_loss + (greatest_loss >> RISE_SHIFT) + 1)
    above = greatest_loss - loss
    return greatest_loss - ((above + (1 << FADE_SHIFT) - 1) >> FADE_SHIFT)


def update_rate(loss: int, greatest_loss: int, least_rate: int, greatest_rate: int) -> int:
    """The share of structures to update, Q16; losses in Q16."""
    if loss >= greatest_loss or least_rate >= greatest_rate:
        return greatest_rate
    share = Scale.from_int(greatest_rate - least_rate) / Scale.from_int(greatest_loss)
    return least_rate + int(fixed_multiply(loss, share))


def share_of(channels: int, rate: int) -> int:
    """How many of them take part at a rate in Q16: as many as this, or all."""
    return max((rate * channels) >> 16, LEAST_CHANNELS)


def forms_few(channels: int, rate: int) -> bool:
    """Whether so few take part that their errors are formed alone."""
    return FEW * share_of(channels, rate) <= channels


def probed(shape: tuple[int, int, int], step: int) -> np.ndarray:
    """The positions of a tensor whose errors rank its channels in a step: bool [height][width]."""
    positions = shape[0] * shape[1]
    interval = PROBE_INTERVAL if positions >= PROBE_INTERVAL else 1
    return (np.arange(positions) % interval == step % interval).reshape(shape[:2])


@dataclass
class Selection:
    """channels: ascending indices. factors_q8: what the errors of each that was drawn are
    multiplied by, rounded stochastically from `base`; None: they stay as they are."""

    channels: np.ndarray
    factors_q8: list[int] | None = None
    base: int = 0

    def scale(self, errors: np.ndarray) -> None:
        """Scale errors int8 [height][width][channels] in place."""
        offsets = np.arange(errors.size).reshape(errors.shape)
        for o, factor_q8 in zip(self.channels, self.factors_q8 or [], strict=False):
            noise = dither(self.base, offsets[..., o]) >> 24
            scaled = (errors[..., o].astype(np.int64) * factor_q8 + noise) >> 8
            errors[..., o] = np.clip(scaled, -127, 127)


def select(
    errors: np.ndarray, rate: int, step: int = 0, random: int | None = None, tensor: int = 0
) -> Selection:
    """errors int8 [height][width][channels], of which those at the probed positions count -> the
    share `rate` (Q16) of the channels, at least LEAST_CHANNELS; all when that asks for all.

    Without `random` those whose errors have the greatest L1 norms, the first of equal ones, none
    without error. With it, the step's random number, those of a tensor are drawn in proportion to
    their norms.
    """
    channels = errors.shape[2]
    wanted = share_of(channels, rate)
    if wanted >= channels:
        return Selection(np.arange(channels))
    norms = np.abs(errors[probed(errors.shape, step)].astype(np.int64)).sum(axis=0)
    if random is not None:
        return _sample(norms, wanted, random, tensor)
    chosen = np.argsort(-norms, kind="stable")[:wanted]
    return Selection(np.sort(chosen[norms[chosen] > 0]))


def _sample(norms: np.ndarray, wanted: int, random: int, tensor: int) -> Selection:
    """Systematic sampling: marks `interval` apart on the line of all norms, none of which counts
    for more than the interval, from a random start on. A channel that is hit takes part, its
    errors scaled by interval / norm, at least 1 and at most 2."""
    interval = _interval(norms, wanted)
    start = int(dither(random, tensor)) % interval
    ends = np.concatenate([[0], np.cumsum(np.minimum(norms, interval))])
    marks_before = np.maximum(
        -((start - ends) // interval), 0
    )  # how many marks lie below each end
    drawn = np.flatnonzero(np.diff(marks_before))
    factors_q8 = []
    for o in drawn:
        factor = Scale.from_int(interval) / Scale.from_int(min(int(norms[o]), interval))
        factors_q8.append(min(int(fixed_multiply(256, factor)), GREATEST_FACTOR_Q8))
    return Selection(drawn, factors_q8, random)


def _interval(norms: np.ndarray, marks: int) -> int:
    """Where so many marks fit on the line: a channel whose norm is as great is hit for certain."""
    certain = np.zeros(len(norms), bool)
    while True:
        interval = int(norms[~certain].sum()) // (marks - int(certain.sum())) + 1
        if (certain == (norms >= interval)).all():
            return interval
        certain = norms >= interval
