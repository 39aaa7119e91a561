"""Weights of classes: what a sample counts in training, so that rare classes are not drowned out.

A weight multiplies the error of a sample's loss. A step is linear in it, so that on a device, and
in the core, the learning rate does the same: net.train(x, label, lr * weight).
"""

from __future__ import annotations

import numpy as np

from fqt.arguments import real_number


def check_class_weights(given, classes: int) -> None:
    """Raises ValueError unless they are None, "balanced", or [classes] numbers of at least 0."""
    if given is None or (isinstance(given, str) and given == "balanced"):
        return
    if not isinstance(given, (list, tuple, np.ndarray)) or np.shape(given) != (classes,):
        raise ValueError(
            f"class_weights are 'balanced' or {classes} numbers, one a class, not {given!r}"
        )
    for number, weight in enumerate(given):
        real_number(f"class_weights: that of class {number}", weight, 0)


def sample_weights(given, loss: str, labels: np.ndarray, classes: int) -> np.ndarray | None:
    """What each sample counts, float32 [samples]; None: all alike.

    given: as in check_class_weights; "balanced": samples / (classes that there are * samples of
    its class), so that classes count alike and samples 1 on average. labels: integers [samples].
    Raises ValueError as check_class_weights does, and when the loss is not one of classes.
    """
    if given is None:
        return None
    if loss != "softmax_cross_entropy":
        raise ValueError(f"class_weights go with softmax_cross_entropy, not {loss}")
    check_class_weights(given, classes)
    if isinstance(given, str):
        counts = np.bincount(labels, minlength=classes)
        given = len(labels) / (np.count_nonzero(counts) * np.maximum(counts, 1))
    return np.asarray(given, np.float32)[labels]
