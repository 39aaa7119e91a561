"""The networks on scikit-learn's digits, 8x8, of the scripts that study options of training."""

from fqt import Conv2D, Dense, Flatten, MaxPool2D
from fqt.train.reference_networks import digits_layers

TRAINED = 1200  # samples; the other 597 test
NETWORKS = {
    "conv 8, conv 16, pool, dense 32, dense 10": digits_layers,
    "conv 4, pool, dense 10": lambda: [
        Conv2D(4, 3, padding="same", activation="relu"),
        MaxPool2D(2),
        Flatten(),
        Dense(10),
    ],
    "dense 32, dense 32, dense 32, dense 10": lambda: [
        Flatten(),
        *[Dense(32, activation="relu") for _ in range(3)],
        Dense(10),
    ],
}
