"""Dynamic partial updates: the structures that take part in a step's backward pass (section
10)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fqt.reference.fixed import Scale, dither, fixed_multiply

GREATEST_FACTOR_Q8 = 512
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
    """How many of them take part at a rate in Q16."""
    return max((rate * channels) >> 16, 1)


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
    share `rate` (Q16) of the channels, at least one; all when the rate asks for all.

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
    """Systematic sampling: marks `interval` apart on the line of all norms, from a random start
    on; a channel's errors are scaled by (marks on its norm) * interval / norm, at most 2."""
    interval = int(norms.sum()) // wanted + 1
    start = int(dither(random, tensor)) % interval
    ends = np.concatenate([[0], np.cumsum(norms)])
    marks_before = -((start - ends) // interval)  # how many marks lie below each end
    marks = np.diff(np.maximum(marks_before, 0))
    drawn = np.flatnonzero(marks)
    factors = [
        Scale.from_int(int(marks[o]) * interval) / Scale.from_int(int(norms[o])) for o in drawn
    ]
    factors_q8 = [min(int(fixed_multiply(256, factor)), GREATEST_FACTOR_Q8) for factor in factors]
    return Selection(drawn, factors_q8, random)
