"""Paired differences between two runs: the same seed gives both the same initial weights and the
same order of samples, so that what a seed is worth cancels out, and few seeds tell much."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Differences:
    """mean: of the differences, one a seed; standard_error: of that mean, None of fewer than two
    seeds; count: of seeds."""

    mean: float
    standard_error: float | None
    count: int

    @property
    def upper_end(self) -> float:
        """Mean + standard error, which limits are judged on; infinite when that is unknown."""
        return math.inf if self.standard_error is None else self.mean + self.standard_error

    def differs_from(self, value: float) -> bool:
        """Whether the mean differs from a number in a two-sided t-test at 95 %."""
        if self.standard_error is None:
            return False
        margin = critical_t(self.count - 1) * self.standard_error
        return abs(self.mean - value) > margin


def paired_differences(of_one: np.ndarray, of_other: np.ndarray) -> Differences:
    """of_other - of_one. Both: [seeds], of the same seeds in the same order."""
    differences = np.asarray(of_other, float) - np.asarray(of_one, float)
    count = len(differences)
    error = float(differences.std(ddof=1)) / math.sqrt(count) if count > 1 else None
    return Differences(float(differences.mean()), error, count)


def critical_t(degrees: int) -> float:
    """What |t| of Student's distribution exceeds in one case of 20. degrees: of freedom, at least
    1."""
    below, above = 0.0, 13.0  # of one degree it is 12.7, the greatest
    for _ in range(60):
        middle = (below + above) / 2
        if _share_within(middle, degrees) < CONFIDENCE:
            below = middle
        else:
            above = middle
    return above


def _share_within(t: float, degrees: int) -> float:
    """P(|T| <= t) for whole degrees of freedom: Abramowitz and Stegun, 26.7.3 and 26.7.4."""
    angle = math.atan(t / math.sqrt(degrees))
    sine, cosine = math.sin(angle), math.cos(angle)
    is_odd = degrees % 2 == 1
    term, total = (cosine if is_odd else 1.0), 0.0
    for power in range(1 if is_odd else 0, degrees - 1, 2):
        total += term
        term *= cosine * cosine * (power + 1) / (power + 2)
    return 2 / math.pi * (angle + sine * total) if is_odd else sine * total
