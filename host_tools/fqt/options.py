"""How training goes: the options that a Model has on the device too (docs/arithmetic.md, section
10)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fqt.arguments import real_number, truth_value
from fqt.inputs import float32_number


@dataclass(frozen=True)
class Options:
    """update_rate: the share of each layer's structures that a step updates, (least, greatest),
    each above 0 and at most 1; the loss sets where between them; one number sets both.
    standardize: bring each structure's gradient to mean 0 and deviation 1. weight_decay: a step
    lowers a weight by learning rate * weight_decay of itself. sample_updates: draw the structures
    in proportion to their errors, and scale what is kept; else take those with the greatest
    errors. Raises ValueError for others."""

    update_rate: tuple[float, float] = (1.0, 1.0)
    standardize: bool = False
    weight_decay: float = 0.0
    sample_updates: bool = False

    def __post_init__(self):
        object.__setattr__(self, "update_rate", _rates(self.update_rate))
        object.__setattr__(self, "standardize", truth_value("standardize", self.standardize))
        samples = truth_value("sample_updates", self.sample_updates)
        object.__setattr__(self, "sample_updates", samples)
        float32_number("weight_decay", self.weight_decay)

    @property
    def rates_q16(self) -> tuple[int, int]:
        """The update rates in units of 1 / 65536, at least 1."""
        least, greatest = (
            max(int(np.floor(float(np.float32(rate)) * 65536 + 0.5)), 1)
            for rate in self.update_rate
        )
        return least, greatest

    @property
    def weight_decay_float32(self) -> float:
        return float32_number("weight_decay", self.weight_decay)


def check_options(options) -> Options:
    """Returns them. Raises ValueError for anything else."""
    if not isinstance(options, Options):
        raise ValueError(f"options are an fqt.options.Options, not {options!r}")
    return options


def _rates(given) -> tuple[float, float]:
    """(least, greatest), of these or of one number. Raises ValueError for others."""
    rates = tuple(given) if isinstance(given, (tuple, list)) else (given, given)
    try:
        least, greatest = (real_number("update_rate", rate) for rate in rates)
        fits = 0 < least <= greatest <= 1
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(
            "update_rate is (least, greatest) or one number, above 0 and at most 1, the first no "
            f"more than the second, not {given!r}"
        )
    return least, greatest
