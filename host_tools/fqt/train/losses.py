"""The losses in float32: what reference/loss.py and natmod/core/engine/fqt_loss.c compute in
integers.

Each takes outputs, float32 [batch][outputs], and targets; gives the loss of each sample, [batch],
and its derivatives by the outputs, [batch][outputs].
"""

from __future__ import annotations

import numpy as np

from fqt.inputs import IGNORED


def softmax_cross_entropy(
    outputs: np.ndarray, labels: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """-log softmax(outputs)[label], in nats; softmax - target. labels: integers [batch]."""
    rows = np.arange(len(outputs))
    distances = outputs - outputs.max(axis=1, keepdims=True)
    powers = np.exp(distances)
    sums = powers.sum(axis=1, keepdims=True)
    losses = np.log(sums[:, 0]) - distances[rows, labels]
    derivatives = powers / sums
    derivatives[rows, labels] -= 1
    return losses, derivatives


def pixelwise_cross_entropy(
    outputs: np.ndarray, labels: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The mean over a sample's pixels of the softmax cross-entropy of each; the classes of a pixel
    are one behind the other. labels: integers [batch][pixels]; those that are IGNORED do not
    count."""
    counts = labels != IGNORED
    rows = outputs.reshape(labels.size, -1)
    losses, derivatives = softmax_cross_entropy(rows, np.where(counts, labels, 0).ravel())
    shares = (counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)).astype(outputs.dtype)
    losses = (losses.reshape(labels.shape) * shares).sum(axis=1)
    return losses, (derivatives * shares.reshape(-1, 1)).reshape(outputs.shape)


def mean_squared_error(outputs: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean over the outputs of (output - target)^2; 2 / outputs * (output - target). targets:
    [batch][outputs]."""
    differences = outputs - targets
    derivatives = differences * (2 / outputs.shape[1])
    return np.square(differences).mean(axis=1), derivatives


def binary_cross_entropy(
    outputs: np.ndarray, targets: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The mean over the outputs of log(1 + e^-|z|) + max(z, 0) - z * target; (sigmoid(z) - target)
    / outputs. targets: [batch][outputs], 0 to 1."""
    powers = np.exp(-np.abs(outputs))  # at most 1: no overflow
    losses = np.log1p(powers) + np.maximum(outputs, 0) - outputs * targets
    sigmoid = np.where(outputs < 0, powers, 1) / (1 + powers)
    return losses.mean(axis=1), (sigmoid - targets) / outputs.shape[1]


LOSSES = {
    loss.__name__: loss
    for loss in (
        softmax_cross_entropy,
        mean_squared_error,
        binary_cross_entropy,
        pixelwise_cross_entropy,
    )
}
