"""The networks that `make bench` measures, with random weights: real shapes, no data needed."""

from __future__ import annotations

import numpy as np

from fqt.layers import Conv2D, Dense, Flatten, MaxPool2D
from fqt.model_file import ModelFile
from fqt.quantize import quantize
from fqt.sequential import Sequential


def images(shape: tuple[int, int, int], count: int) -> np.ndarray:
    """Smooth random blobs, uint8 [count][height][width][channels]: about half dark, as images
    are."""
    rng = np.random.default_rng(1)
    coarse = rng.uniform(-1, 1, (count, 4, 4, shape[2]))
    rows = np.linspace(0, 3.999, shape[0]).astype(int)
    columns = np.linspace(0, 3.999, shape[1]).astype(int)
    return (np.clip(coarse[:, rows][:, :, columns], 0, 1) * 255).astype(np.uint8)


def _quantized(layers, shape, name, train="all") -> ModelFile:
    net = Sequential(layers, shape, seed=1, name=name)
    return quantize(net, images(shape, 64) / np.float32(255), train=train)


def cnn28(train="all", name="cnn28") -> ModelFile:
    """28x28x1 -> conv3x3 s2 8 -> conv3x3 s2 16 -> fc 64 -> fc 10."""
    layers = [
        Conv2D(8, 3, stride=2, padding=1, activation="relu"),
        Conv2D(16, 3, stride=2, padding=1, activation="relu"),
        Dense(64, activation="relu"),
        Dense(10),
    ]
    return _quantized(layers, (28, 28, 1), name, train)


def cnn28_last() -> ModelFile:
    """cnn28 of which only the last layer trains."""
    return cnn28("last:1", "cnn28_last")


def digits() -> ModelFile:
    """The network of `make demo`."""
    layers = [
        Conv2D(8, 3, padding="same", activation="relu"),
        Conv2D(16, 3, padding="same", activation="relu"),
        MaxPool2D(2),
        Flatten(),
        Dense(32, activation="relu"),
        Dense(10),
    ]
    return _quantized(layers, (8, 8, 1), "digits")


def motion() -> ModelFile:
    """Time series of 128 steps and 6 channels, as an accelerometer and gyroscope give."""
    layers = [
        Conv2D(8, (1, 5), stride=(1, 2), activation="relu"),
        Conv2D(16, (1, 5), stride=(1, 2), activation="relu"),
        Conv2D(16, (1, 5), stride=(1, 2), activation="relu"),
        Dense(32, activation="relu"),
        Dense(6),
    ]
    return _quantized(layers, (1, 128, 6), "motion")


NETWORKS = {net.__name__: net for net in (cnn28, cnn28_last, digits, motion)}
