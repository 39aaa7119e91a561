"""A network of layers in a row, trained in float32 with numpy alone: the baseline that everything
is compared with."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from fqt.inputs import check_learning_rate
from fqt.layers import LARGEST_EXTENT, Layer
from fqt.reference.fixed import decayed, shuffle


@dataclass
class Epoch:
    """What one epoch of training gave. loss: mean over its samples, in nats, before each step."""

    epoch: int
    loss: float
    lr: float


class Sequential:
    """Layers in a row.

    layers: from fqt.layers. input_shape: (height, width, channels). Inputs are float32 in real
    units (for images value / 255). seed: of the random weights. Raises ValueError when shapes do
    not fit, naming the layer.
    """

    def __init__(
        self,
        layers: list[Layer],
        input_shape: tuple[int, int, int],
        seed: int = 1,
        name: str = "model",
    ):
        if not layers:
            raise ValueError("a network needs at least one layer")
        self.layers = layers
        self.input_shape = tuple(input_shape)
        if (
            len(self.input_shape) != 3
            or not 1 <= min(self.input_shape) <= max(self.input_shape) <= LARGEST_EXTENT
        ):
            raise ValueError(
                "input_shape is (height, width, channels), "
                f"1 to {LARGEST_EXTENT} each, not {input_shape}"
            )
        self.name = name
        rng = np.random.default_rng(seed)
        shape = self.input_shape
        for number, layer in enumerate(layers, 1):
            layer.name = layer.name or f"{layer.kind}_{number}"
            try:
                layer.build(shape, rng)
            except ValueError as error:
                raise ValueError(f"layer {number} ({layer.name}): {error}") from None
            shape = layer.output_shape
        names = [layer.name for layer in layers]
        if len(set(names)) != len(names):
            raise ValueError(f"layer names must differ: {', '.join(names)}")

    def samples(self, x: np.ndarray) -> np.ndarray:
        """x as float32 [samples][height][width][channels].

        x: that shape, samples that are flattened, or one sample alone. Raises ValueError for
        others.
        """
        x = np.asarray(x, np.float32)
        if x.shape == self.input_shape:
            return x[None]
        elements = int(np.prod(self.input_shape))
        if x.ndim < 2 or int(np.prod(x.shape[1:])) != elements:
            raise ValueError(
                f"samples are [samples] x {self.input_shape} ({elements} elements each), "
                f"not {x.shape}"
            )
        return x.reshape(-1, *self.input_shape)

    def labelled_samples(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """x as in samples, y: class indices, integers [samples]. Raises ValueError when they do
        not fit."""
        x, y = self.samples(x), np.asarray(y)
        if not len(x):
            raise ValueError("no samples")
        if y.dtype.kind not in "iu" or y.shape != (len(x),):
            raise ValueError(
                f"{len(x)} samples need as many integer labels, not {y.dtype} of shape {y.shape}"
            )
        outputs = int(np.prod(self.layers[-1].output_shape))
        for label in (y.min(), y.max()):
            if not 0 <= label < outputs:
                raise ValueError(f"labels must be 0 to {outputs - 1}, not {label}")
        return x, y

    def forward(self, x: np.ndarray) -> np.ndarray:
        """x: [batch][height][width][channels] -> logits [batch][outputs]."""
        x = self.samples(x)
        for layer in self.layers:
            x = layer.forward(x)
        return x.reshape(len(x), -1)

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Class indices [batch]."""
        return self.forward(x).argmax(axis=1)

    def evaluate(self, x: np.ndarray, y: np.ndarray) -> float:
        """The share of samples that are predicted right. Raises ValueError as labelled_samples
        does."""
        x, y = self.labelled_samples(x, y)
        batches = range(0, len(x), 256)
        return sum(
            int((self.predict(x[i : i + 256]) == y[i : i + 256]).sum()) for i in batches
        ) / len(x)

    def gradients(self, x: np.ndarray, y: np.ndarray, first: int = 0) -> float:
        """Form the gradients of the mean softmax cross-entropy of a batch, in layers first and
        behind; give the loss."""
        logits = self.forward(x)
        rows = np.arange(len(logits))
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        softmax = powers / powers.sum(axis=1, keepdims=True)
        loss = -np.log(np.maximum(softmax[rows, y], 1e-30)).mean()
        error = softmax
        error[rows, y] -= 1
        error = (error / len(logits)).astype(np.float32)
        for layer in reversed(self.layers[first:]):
            error = layer.backward(error)
        return float(loss)

    def fit(
        self,
        x: np.ndarray,
        y: np.ndarray,
        epochs: int = 1,
        lr: float = 0.01,
        batch: int = 1,
        decay: bool = True,
        train: str | list[str] = "all",
        seed: int = 1,
    ) -> Iterator[Epoch]:
        """Train by stochastic gradient descent; yield after each epoch.

        x: [samples][...], y: class indices [samples]. With batch=1 this takes the same samples in
        the same order, with the same learning rates, as fqt.fit on a device with the same seed.
        decay: lower the rate linearly, epoch by epoch. train: as in trainable_names. Nothing
        happens before the first epoch is asked for. Raises ValueError for data that do not fit, a
        rate that is not finite and >= 0, and when no layer trains.
        """
        x, y = self.labelled_samples(x, y)
        lr = check_learning_rate(lr)
        if batch < 1:
            raise ValueError(f"a batch has at least 1 sample, not {batch}")
        names = trainable_names(self, train)
        chosen = [i for i, layer in enumerate(self.layers) if layer.name in names]
        if not chosen:
            raise ValueError("no layer trains")
        order = np.arange(len(x))
        for epoch in range(epochs):
            rate = np.float32(decayed(lr, epoch, epochs) if decay else lr)
            shuffle(order, seed + epoch)
            loss = 0.0
            for start in range(0, len(x), batch):
                picked = order[start : start + batch]
                loss += self.gradients(x[picked], y[picked], chosen[0]) * len(picked)
                for i in chosen:
                    layer = self.layers[i]
                    layer.weights -= rate * layer.gradients["weights"]
                    layer.biases -= rate * layer.gradients["biases"]
            yield Epoch(epoch + 1, loss / len(x), float(rate))

    def save(self, path: str | os.PathLike) -> None:
        """Write all parameters to a NumPy archive: "conv2d_1.weights", "conv2d_1.biases", ...,
        float32."""
        with open(path, "wb") as file:
            np.savez(file, **{name: array for name, _, _, array in self._named_parameters()})

    def load(self, path: str | os.PathLike) -> None:
        """Take the parameters that save wrote.

        Raises OSError, and ValueError when the archive is of another network; nothing has changed
        then.
        """
        with np.load(path) as archive:
            loaded = dict(archive)
        wanted = {name: array.shape for name, _, _, array in self._named_parameters()}
        found = {name: array.shape for name, array in loaded.items()}
        if wanted != found:
            raise ValueError(f"{os.fspath(path)} holds {found}, the network has {wanted}")
        for name, layer, key, _ in self._named_parameters():
            setattr(layer, key, loaded[name].astype(np.float32))

    def _named_parameters(self) -> list[tuple[str, Layer, str, np.ndarray]]:
        return [
            (f"{layer.name}.{key}", layer, key, array)
            for layer in self.layers
            for key, array in layer.parameters.items()
        ]


def trainable_names(net: Sequential, train: str | list[str]) -> list[str]:
    """The names of the layers that train.

    train: "all", "none", "last:2" (the last two that have weights), or names, in a list or with
    commas between. Raises ValueError for a name that is not there.
    """
    names = [layer.name for layer in net.layers if layer.parameters]
    if train == "all":
        return names
    if train == "none":
        return []
    if isinstance(train, str) and train.startswith("last:"):
        count = train[len("last:") :]
        if not count.isdigit() or not 1 <= int(count) <= len(names):
            raise ValueError(f"train={train!r}: the network has {len(names)} layers with weights")
        return names[-int(count) :]
    wanted = [name.strip() for name in train.split(",")] if isinstance(train, str) else list(train)
    for name in wanted:
        if name not in names:
            raise ValueError(
                f"train: no layer {name!r} with weights, there are {', '.join(names)}"
            )
    return wanted
