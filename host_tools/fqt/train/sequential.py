"""A network of layers, trained in float32 with numpy alone: the baseline that everything is
compared with."""

from __future__ import annotations

import copy
import math
import os
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from fqt.arguments import name_text, one_of, real_number, whole_number, whole_numbers
from fqt.inputs import IGNORED, check_learning_rate
from fqt.layers.batch_normalization import BatchNormalization
from fqt.layers.layer import Layer
from fqt.layers.limits import LARGEST_EXTENT
from fqt.layers.weighted import Weighted
from fqt.shapes import check_finite, many_of_shape, numbers
from fqt.train.archive import read_archive, write_archive
from fqt.train.assembly import adopted, check_layers, working_copies
from fqt.train.class_weights import sample_weights
from fqt.train.fitting import Epochs, train_epochs
from fqt.train.losses import LOSSES
from fqt.train.schedules import check_schedule, learning_rate
from fqt.train.targets import check_labels, check_pixel_labels, check_targets
from fqt.train.trainable import chosen_names
from fqt.train.units import checked, measured, with_units, without_units

EVALUATED_TOGETHER = 64  # samples: enough to be fast, and layers keep what they read


class Sequential:
    """Layers in the order in which they run.

    layers: from fqt.layers. Each reads the output of the one before, unless it names another
    source. New layers become the network's own; of layers that belong to another network it takes
    copies, which keep what these know, and that network stays as it is: so
    Sequential([*trained.layers[:-1], Dense(5)], ...) puts a new head on trained layers.
    input_shape: (height, width, channels). Inputs are float32 in real units about 1 (for images
    value / 255), or in any units that standardize_data was told. seed: of the random weights of
    new layers. loss: "softmax_cross_entropy" (classes), "mean_squared_error",
    "binary_cross_entropy" or "pixelwise_cross_entropy" (a class at each place of the last layer's
    output, its channels: segmentation). Raises ValueError when shapes do not fit or nothing reads
    a layer's output, naming the layer; the layers are unchanged then.
    """

    def __init__(
        self,
        layers: list[Layer],
        input_shape: tuple[int, int, int],
        seed: int = 1,
        name: str = "model",
        loss: str = "softmax_cross_entropy",
    ):
        given = check_layers(layers)
        self.loss = one_of("loss", loss, LOSSES)
        self.input_shape = _check_input_shape(input_shape)
        self.name = name_text("a network's name", name)
        self._input_map: np.ndarray | None = None
        self._output_map: np.ndarray | None = None
        self.layers = working_copies(given)
        # The tensors that each layer reads: 0 is the input, i the output of layer i (from 1).
        self.inputs: list[tuple[int, ...]] = []
        rng = np.random.default_rng(whole_number("seed", seed, 0))
        for number, layer in enumerate(self.layers, 1):
            try:
                self.inputs.append(self._tensors_read(number, layer))
                shape, *others = (self.shape_of(tensor) for tensor in self.inputs[-1])
                layer.rebuild(shape, rng, *others)
            except ValueError as error:
                raise ValueError(f"layer {number} ({layer.name}): {error}") from None
        self._check_readers()
        self.layers = adopted(given, self.layers)

    # -- the graph

    def _tensors_read(self, number: int, layer: Layer) -> tuple[int, ...]:
        tensors = []
        earlier = ["input", *(other.name for other in self.layers[: number - 1])]
        for source in layer.sources:
            if source is not None and source not in earlier:
                raise ValueError(f"its source {source!r} is none of {', '.join(earlier)}")
            tensors.append(number - 1 if source is None else earlier.index(source))
        if len(set(tensors)) < len(tensors):
            raise ValueError(f"it reads {earlier[tensors[0]]!r} twice: a layer's inputs differ")
        return tuple(tensors)

    def _check_readers(self) -> None:
        for number, layer in enumerate(self.layers, 1):
            place = f"layer {number} ({layer.name}): "
            if number < len(self.layers) and not self.readers_of(number):
                raise ValueError(place + "no layer reads its output")
            if not isinstance(layer, BatchNormalization):
                continue
            read = self.inputs[number - 1][0]
            before = self.layers[read - 1] if read else None
            if not isinstance(before, Weighted) or before.activation != "none":
                raise ValueError(
                    place + "batch normalization follows a Dense, Conv2D or DepthwiseConv2D "
                    "without activation: give the activation to the normalization"
                )
            if len(self.readers_of(read)) > 1:
                raise ValueError(place + f"another layer reads {before.name!r} too")

    def readers_of(self, tensor: int) -> list[int]:
        """The layers (from 0) that read a tensor: 0 is the input, i the output of layer i (from
        1)."""
        return [i for i, tensors in enumerate(self.inputs) if tensor in tensors]

    def shape_of(self, tensor: int) -> tuple[int, ...]:
        """Of one sample, without the batch."""
        return self.layers[tensor - 1].output_shape if tensor else self.input_shape

    @property
    def outputs(self) -> int:
        """Elements of the last layer's output."""
        return math.prod(self.layers[-1].output_shape)

    @property
    def classes(self) -> int:
        """What outputs, or with pixelwise_cross_entropy those of a pixel, choose from."""
        is_pixelwise = self.loss == "pixelwise_cross_entropy"
        return self.layers[-1].output_shape[2] if is_pixelwise else self.outputs

    # -- data

    def samples(self, x: np.ndarray, what: str = "sample") -> np.ndarray:
        """x as float32 [samples][height][width][channels].

        x: that shape, but for axes of length 1, samples that are flattened, or one sample alone.
        Raises ValueError for others, also for arrays of the same size whose axes are in another
        order, and for numbers that are not finite, naming the sample. what: a sample's name in
        these messages.
        """
        x = numbers(f"{what}s", x)
        if x.shape == self.input_shape:
            x = x[None]
        x = many_of_shape(f"{what}s", x, self.input_shape)
        check_finite(what, x)
        return x

    def labelled_samples(
        self, x: np.ndarray, y: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """x as in samples, y as the loss takes it.

        y: class indices, integers [samples], with softmax_cross_entropy; with
        pixelwise_cross_entropy those of pixels, [samples][height][width] of the output, 255 for a
        pixel that does not count, which are returned as [samples][pixels]; else targets [samples]
        [outputs] ([samples] will do for one output), of binary_cross_entropy 0 to 1; None: the
        input itself. Raises ValueError when they do not fit.
        """
        x = self.samples(x)
        if not len(x):
            raise ValueError("no samples")
        if self.loss == "softmax_cross_entropy":
            return x, check_labels(y, len(x), self.outputs)
        if self.loss == "pixelwise_cross_entropy":
            return x, check_pixel_labels(y, len(x), self.layers[-1].output_shape)
        return x, check_targets(y, x, self.layers[-1].output_shape, self.loss)

    # -- units

    def standardize_data(self, x: np.ndarray, y: np.ndarray | None = None) -> None:
        """Let samples and targets have any units: take the mean and the deviation of each channel
        of x, and of each target, which all methods then take and return as they are. Call it
        before training, with the training data; the model file has these numbers too, so that a
        device takes and returns the same units.

        x, y: as in fit. y, with mean_squared_error alone; without it the outputs have no units.
        Losses stay those of the network's own numbers: with y in the units that it was measured
        in, a loss is in squares of each target's deviation. Raises ValueError as fit does, and
        for targets of another loss; nothing changes then.
        """
        input_map = measured("input_map", self.samples(x))
        output_map = None
        if y is not None:
            self._check_has_units()
            output_map = measured("output_map", self.labelled_samples(x, y)[1])
        self._input_map, self._output_map = input_map, output_map

    def _check_has_units(self) -> None:
        if self.loss != "mean_squared_error":
            raise ValueError(
                f"targets of {self.loss} have no units: standardize_data(x) alone takes those of "
                "the samples"
            )

    @property
    def input_map(self) -> np.ndarray | None:
        """What samples are in the network's own numbers, (x - offset) / scale: float32
        [channels][2], offset and scale; None: as they are. It may be set."""
        return self._input_map

    @input_map.setter
    def input_map(self, rows: np.ndarray | None) -> None:
        if rows is not None:
            rows = checked("input_map", rows, self.input_shape[2])
        self._input_map = rows

    @property
    def output_map(self) -> np.ndarray | None:
        """The same of targets and outputs, float32 [outputs][2]."""
        return self._output_map

    @output_map.setter
    def output_map(self, rows: np.ndarray | None) -> None:
        if rows is not None:
            self._check_has_units()
            rows = checked("output_map", rows, self.outputs)
        self._output_map = rows

    def _own_numbers(self, x: np.ndarray, y: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        """Samples and targets as labelled_samples takes them, in the network's own numbers."""
        if y is None and self.output_map is not None:
            raise ValueError("targets are needed: the outputs have units, samples have others")
        samples, targets = self.labelled_samples(x, y)
        samples = without_units(samples, self.input_map)
        if y is None:
            targets = check_targets(None, samples, self.layers[-1].output_shape, self.loss)
        elif self.output_map is not None:
            targets = without_units(targets, self.output_map)
        return samples, targets

    # -- forward

    def tensors(self, x: np.ndarray) -> list[np.ndarray]:
        """x: as in samples -> the input and each layer's output, [batch] and its shape, in the
        network's own numbers."""
        return self._tensors(without_units(self.samples(x), self.input_map))

    def _tensors(self, x: np.ndarray) -> list[np.ndarray]:
        tensors = [x]
        for layer, inputs in zip(self.layers, self.inputs, strict=True):
            tensors.append(layer.forward(*[tensors[tensor] for tensor in inputs]))
        return tensors

    def forward(self, x: np.ndarray) -> np.ndarray:
        """x: as in samples -> outputs [batch][outputs]."""
        return with_units(self._outputs(self.tensors(x)), self.output_map)

    def _outputs(self, tensors: list[np.ndarray]) -> np.ndarray:
        return tensors[-1].reshape(len(tensors[-1]), -1)

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Class indices [batch]: of the first greatest output; with one output 1 when it is above
        0, else 0; with pixelwise_cross_entropy [batch][pixels], of the first greatest channel of
        each. Of the network's own numbers, as on a device."""
        outputs = self._outputs(self.tensors(x))
        if self.outputs == 1:
            return (outputs[:, 0] > 0).astype(int)
        if self.loss == "pixelwise_cross_entropy":
            return outputs.reshape(len(outputs), -1, self.classes).argmax(axis=2)
        return outputs.argmax(axis=1)

    def evaluate(self, x: np.ndarray, y: np.ndarray) -> float:
        """The share of samples that are predicted right, with pixelwise_cross_entropy of pixels;
        with binary_cross_entropy, which must have one output then, targets above 0.5 are class 1.
        Raises ValueError as labelled_samples
        does, and when the network has no classes: use losses."""
        x, y = self.labelled_samples(x, y)
        if self.loss == "binary_cross_entropy" and self.outputs == 1:
            y = y[:, 0] > 0.5
        elif self.loss not in ("softmax_cross_entropy", "pixelwise_cross_entropy"):
            raise ValueError(
                f"a network with {self.loss} and {self.outputs} outputs has no classes: "
                "losses(x, y) gives the loss of each sample"
            )
        right = sum(int((self.predict(x[part]) == y[part]).sum()) for part in _parts(len(x)))
        counted = int((y != IGNORED).sum()) if y.ndim > 1 else len(y)
        return right / max(counted, 1)

    def losses(self, x: np.ndarray, y: np.ndarray | None = None) -> np.ndarray:
        """The loss of each sample, float32 [samples]; nothing changes. x, y: as in
        labelled_samples, with its errors."""
        x, y = self._own_numbers(x, y)
        loss = LOSSES[self.loss]
        of_parts = [
            loss(self._outputs(self._tensors(x[part])), y[part])[0] for part in _parts(len(x))
        ]
        return np.concatenate(of_parts)

    # -- training

    def gradients(
        self,
        x: np.ndarray,
        y: np.ndarray,
        chosen: Collection[int] | None = None,
        weights: np.ndarray | None = None,
    ) -> float:
        """Form the gradients of the mean loss of a batch, in the chosen layers (from 0; None:
        all); give the loss.

        x, y: as labelled_samples gives them, in the network's own numbers. weights: what each
        sample's gradient is multiplied by, [batch]; the loss that is given is not weighted.
        Gradients are in each layer's `gradients`; those of layers that are not chosen may be
        formed too, or be left from before.
        """
        if chosen is None:
            chosen = range(len(self.layers))
        self._set_training(chosen)
        try:
            outputs = self._outputs(self._tensors(x))
        finally:
            self._set_training(())
        loss, error = self._loss_and_error(outputs, y, weights)
        self._backward(error, chosen)
        return loss

    def _loss_and_error(
        self, outputs: np.ndarray, y: np.ndarray, weights: np.ndarray | None
    ) -> tuple[float, np.ndarray]:
        """The mean loss of a batch, not weighted, and the gradient [batch][outputs] of the
        weighted one by the outputs."""
        losses, error = LOSSES[self.loss](outputs, y)
        if weights is not None:
            error = error * weights[:, None]
        return float(losses.mean()), error / len(outputs)

    def _set_training(self, chosen: Collection[int]) -> None:
        for i, layer in enumerate(self.layers):
            if isinstance(layer, BatchNormalization):
                layer.training = i in chosen

    def _backward(self, error: np.ndarray, chosen: Collection[int]) -> None:
        """error: of the last layer's output, [batch][outputs]."""
        needed = [False]  # of each tensor's error: whether a chosen layer lies before it
        for i, inputs in enumerate(self.inputs):
            needed.append(i in chosen or any(needed[tensor] for tensor in inputs))
        errors: list[Any] = [None] * len(needed)  # each dropped when it has been used
        errors[-1] = error.reshape(len(error), *self.layers[-1].output_shape)
        for i in reversed(range(len(self.layers))):
            if not needed[i + 1]:
                continue
            error, errors[i + 1] = errors[i + 1], None
            inputs_needed = any(needed[tensor] for tensor in self.inputs[i])
            of_inputs = self.layers[i].backward(error, inputs_needed)
            several = of_inputs if isinstance(of_inputs, tuple) else (of_inputs,)
            for tensor, of_input in zip(self.inputs[i], several, strict=True):
                if needed[tensor]:
                    other = errors[tensor]  # from another reader
                    errors[tensor] = of_input if other is None else other + of_input

    def fit(
        self,
        x: np.ndarray,
        y: np.ndarray | None = None,
        epochs: int = 1,
        lr: float = 0.01,
        batch: int = 1,
        schedule: str = "linear",
        train: str | list[str] = "all",
        seed: int = 1,
        weight_decay: float = 0.0,
        class_weights: str | Sequence[float] | None = None,
    ) -> Epochs:
        """Train by stochastic gradient descent: an iterator that trains an epoch, and returns what
        it gave, each time that it is asked for the next one.

        x, y: as in labelled_samples. With batch=1 this takes the same samples in the same order,
        with the same learning rates, as fqt.fit on a device with the same seed. schedule: of the
        rate, as in fqt.train.schedules. train: as in trainable_names. weight_decay: weights (not
        biases) also lose lr * weight_decay of themselves. class_weights, of classes with
        softmax_cross_entropy: what a sample's gradient is multiplied by, one number a class, or
        "balanced", by which all classes count alike (fqt.train.class_weights). Arguments are
        checked at once, but nothing trains before the first epoch is asked for. Raises ValueError
        for data that do not fit, a rate or weight_decay that is not finite and >= 0, no epoch, an
        unknown schedule, and when no layer trains; and, with an epoch, DivergenceError when its
        loss is no number.
        """
        x, y = self._own_numbers(x, y)
        epochs = whole_number("epochs", epochs, 1)
        lr = check_learning_rate(lr)
        batch = whole_number("batch, at least 1 sample,", batch, 1)
        check_schedule(schedule)
        seed = whole_number("seed", seed, 0)
        weight_decay = real_number("weight_decay", weight_decay, 0)
        chosen = self._chosen(train)
        if not chosen:
            raise ValueError("no layer trains: train=... says which do")
        weights = sample_weights(class_weights, self.loss, y, self.outputs)
        rates = [learning_rate(schedule, lr, epoch, epochs) for epoch in range(epochs)]
        return Epochs(train_epochs(self, x, y, rates, batch, chosen, seed, weight_decay, weights))

    def reset(self, names: str | list[str] = "all", seed: int = 1) -> None:
        """New random weights and zero biases for layers. names: as in trainable_names. Raises
        ValueError for a name that is not there."""
        rng = np.random.default_rng(whole_number("seed", seed, 0))
        for i in self._chosen(names):
            self.layers[i].reset(rng)

    def _chosen(self, train: str | list[str]) -> list[int]:
        """The layers (from 0) that trainable_names names, and the normalizations behind them."""
        names = trainable_names(self, train)
        numbers = [i for i, layer in enumerate(self.layers) if layer.name in names]
        return numbers + [
            i
            for i, layer in enumerate(self.layers)
            if isinstance(layer, BatchNormalization) and self.inputs[i][0] - 1 in numbers
        ]

    # -- parameters

    def copy(self) -> Sequential:
        """A network of its own with the same layers and parameters."""
        return copy.deepcopy(self)

    def save(self, path: str | os.PathLike) -> None:
        """Write all parameters to a NumPy archive: "conv2d_1.weights", "conv2d_1.biases", ...,
        float32; of batch normalizations also the running mean and variance; and "input_map" and
        "output_map", where there are such. Raises OSError; the file that was there still is
        then."""
        maps = {"input_map": self.input_map, "output_map": self.output_map}
        arrays = {name: rows for name, rows in maps.items() if rows is not None}
        arrays.update({name: array for name, _, _, array in self._named_state()})
        write_archive(path, arrays)

    def load(self, path: str | os.PathLike) -> None:
        """Take the parameters, and the maps, that save wrote.

        Raises OSError, and ValueError when the file is no archive, is of another network, or holds
        anything but finite numbers; nothing has changed then.
        """
        shapes = {name: array.shape for name, _, _, array in self._named_state()}
        maps = {"input_map": (self.input_shape[2], 2), "output_map": (self.outputs, 2)}
        loaded = read_archive(path, shapes, maps)
        kept = self.input_map, self.output_map
        try:
            self.input_map, self.output_map = (loaded.get(name) for name in maps)
        except ValueError as error:
            self.input_map, self.output_map = kept
            raise ValueError(f"{os.fspath(path)}: {error}") from None
        for name, layer, key, _ in self._named_state():
            setattr(layer, key, loaded[name])

    def _named_state(self) -> list[tuple[str, Layer, str, np.ndarray]]:
        return [
            (f"{layer.name}.{key}", layer, key, array)
            for layer in self.layers
            for key, array in layer.state.items()
        ]


def trainable_names(net: Sequential, train: str | list[str]) -> list[str]:
    """The names of the layers that train; a batch normalization trains with the layer that it
    follows, and is not named.

    train: "all", "none", "last:2" (the last two that have weights), or names, in a list or with
    commas between. Raises ValueError for a name that is not there.
    """
    names = [layer.name for layer in net.layers if isinstance(layer, Weighted)]
    return chosen_names(names, train)


def _parts(count: int) -> list[slice]:
    """range(count) in parts that are evaluated together."""
    return [slice(i, i + EVALUATED_TOGETHER) for i in range(0, count, EVALUATED_TOGETHER)]


def _check_input_shape(input_shape) -> tuple[int, int, int]:
    extents = whole_numbers(input_shape, 3, 1, LARGEST_EXTENT)
    if extents is None or not isinstance(input_shape, (tuple, list)):
        raise ValueError(
            "input_shape is (height, width, channels), "
            f"1 to {LARGEST_EXTENT} each, not {input_shape!r}"
        )
    return extents
