"""How training goes: the options that a Model has on the device too (docs/arithmetic.md, section
10)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fqt.inputs import check_learning_rate


@dataclass(frozen=True)
class Options:
    """update_rate: the share of each layer's structures that a step updates, (least, greatest),
    each above 0 and at most 1; the loss sets where between them. standardize: bring each
    structure's gradient to mean 0 and deviation 1. weight_decay: a step lowers a weight by
    learning rate * weight_decay of itself. sample_updates: draw the structures in proportion to
    their errors, and scale what is kept; else take those with the greatest errors. Raises
    ValueError for others."""

    update_rate: tuple[float, float] = (1.0, 1.0)
    standardize: bool = False
    weight_decay: float = 0.0
    sample_updates: bool = False

    def __post_init__(self):
        least, greatest = self.update_rate
        if not 0 < least <= greatest <= 1:
            raise ValueError(
                f"update_rate is (least, greatest), above 0 and at most 1, not {self.update_rate}"
            )
        if not 0 <= self.weight_decay < np.inf:
            raise ValueError(f"weight_decay is a finite number >= 0, not {self.weight_decay}")

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
        return check_learning_rate(self.weight_decay)
