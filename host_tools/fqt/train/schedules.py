"""Learning rates that change from epoch to epoch, with the bits that a device gives."""

from __future__ import annotations

from fqt.inputs import check_learning_rate
from fqt.reference.fixed import decayed

SCHEDULES = ("constant", "linear", "cosine")
ONE_Q16 = 1 << 16


def learning_rate(schedule: str, lr: float, epoch: int, epochs: int) -> float:
    """The rate of an epoch, counted from 0, of `epochs` (at least 1).

    schedule: "constant": lr; "linear": lr falls evenly, lr * (epochs - epoch) / epochs; "cosine":
    slowly at first and at the end, lr * (1 + cos(pi * epoch / epochs)) / 2, the cosine by
    Bhaskara's approximation. Raises ValueError for another one, and for an lr that is not finite
    and >= 0.
    """
    check_schedule(schedule)
    lr = check_learning_rate(lr)
    if schedule == "constant":
        return lr
    if schedule == "linear":
        return decayed(lr, epoch, epochs)
    return decayed(lr, ONE_Q16 - _cosine_share(epoch, epochs), ONE_Q16)


def check_schedule(schedule: str) -> None:
    """Raises ValueError for an unknown one."""
    if schedule not in SCHEDULES:
        raise ValueError(f"schedule is one of {', '.join(SCHEDULES)}, not {schedule!r}")


def _cosine_share(epoch: int, epochs: int) -> int:
    """(1 + cos(pi * epoch / epochs)) / 2 in Q16, in integers alone.

    Bhaskara: cos(pi * a / w) = (w^2 - 4 a^2) / (w^2 + a^2) for 2a <= w, within 0.0017; the other
    half is its mirror image.
    """
    nearer = min(epoch, epochs - epoch)
    squared, squared_whole = nearer * nearer, epochs * epochs
    cosine = (ONE_Q16 // 2) * (squared_whole - 4 * squared) // (squared_whole + squared)
    return ONE_Q16 // 2 + (cosine if nearer == epoch else -cosine)
