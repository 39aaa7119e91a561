"""Early stopping: a part of the training data is held out, its loss is looked at after each epoch,
and what counts is the network of the epoch in which it was least."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from fqt.experiment.data import Split
from fqt.experiment.sections import EarlyStopping


def hold_out(split: Split, share: float, seed: int) -> tuple[Split, np.ndarray, np.ndarray]:
    """The split without a share of its training samples, drawn by the seed, and these: x, y.
    Raises ValueError when either would be empty."""
    count = len(split.x_train)
    held = round(count * share)
    if not 0 < held < count:
        raise ValueError(f"early_stopping: held_out = {share} of {count} samples is {held}")
    order = np.random.default_rng(seed).permutation(count)
    kept, held_out = np.sort(order[held:]), np.sort(order[:held])
    x, y = split.x_train, split.y_train
    return replace(split, x_train=x[kept], y_train=y[kept]), x[held_out], y[held_out]


class BestEpoch:
    """The state of a trainer (fqt.experiment.arithmetic) after its best epoch so far. x, y: held
    out, y None of an autoencoder."""

    def __init__(self, stopping: EarlyStopping, x: np.ndarray, y: np.ndarray | None):
        self.patience = stopping.patience
        self.x, self.y = x, y
        self.loss = np.inf
        self.epoch = 0
        self.state: Any = None

    def is_over(self, made, epoch: int) -> bool:
        """Looks at an epoch, from 1; whether the last `patience` epochs were no better than one
        before."""
        loss = float(made.losses(self.x, self.y).mean())
        loss = np.inf if np.isnan(loss) else loss
        if self.state is None or loss < self.loss:
            self.loss, self.epoch, self.state = loss, epoch, made.state()
        return epoch - self.epoch >= self.patience
