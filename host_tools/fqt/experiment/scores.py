"""How good what a network does on test data is, 1 at best."""

from __future__ import annotations

import numpy as np


def accuracy(labels: np.ndarray, predicted: np.ndarray) -> float:
    """The share that is right. Both: [samples]."""
    return float((predicted == labels).mean())


def area_under_curve(normal: np.ndarray, abnormal: np.ndarray) -> float:
    """How often an abnormal sample's score is above a normal one's; ties count half (the area
    under the ROC curve)."""
    order = np.sort(normal)
    below = np.searchsorted(order, abnormal, "left")
    up_to = np.searchsorted(order, abnormal, "right")
    return float((below + up_to).sum() / (2 * len(normal) * len(abnormal)))


def determination(targets: np.ndarray, outputs: np.ndarray) -> float:
    """R2: 1 - the sum of squared errors / that of the targets' deviations from their mean, over
    all outputs together. Both: [samples][...], with as many elements. Below 0 where the mean of
    the targets is the better answer."""
    targets = targets.reshape(len(targets), -1).astype(np.float64)
    errors = np.square(outputs.reshape(targets.shape) - targets).sum()
    deviations = np.square(targets - targets.mean(axis=0)).sum()
    return float(1 - errors / deviations) if deviations else float(errors == 0)
