"""What a model on the host has in common with one on a device: names, conventions, results.

micropython_lib/fqt.pyi describes them; fqt.core.Model and fqt.reference.Network are such models,
and one test runs the same script on all three. Only the device's `outputs` is not here: on the
host that is core.Model's method for many samples, and `model.outputs` is the number.
"""

from __future__ import annotations

import array
import os
from abc import ABC, abstractmethod
from dataclasses import replace
from typing import Any

import numpy as np

from fqt.arguments import is_whole_number, real_number, truth_value, whole_number
from fqt.file.checks import is_scale
from fqt.file.model_file import ModelFile
from fqt.files import write_whole
from fqt.inputs import IGNORED, check_layer, check_trainable, integers, labels_of
from fqt.kinds import Shape
from fqt.options import Options


class DeviceModel(ABC):
    """A network that predicts and trains, as on a device. Samples and targets are arrays: one, or
    many one after another, of which `index` picks one. Layers are named, or numbered from 1.

    model: the model file that it was made from. loss: of the last training step, before its
    update; cross-entropies in nats. Settings: `options`, or one of its fields as an attribute of
    the model. Attributes that a model does not have cannot be set: AttributeError.
    """

    model: ModelFile
    master: int
    batch: int
    loss: float = 0.0
    options: Options
    _is_made = False  # set at the end of making one

    def __setattr__(self, name: str, value: Any) -> None:
        if self._is_made and not hasattr(self, name):
            raise AttributeError(f"a model has no {name!r} to set")
        super().__setattr__(name, value)

    # -- what it is

    @property
    def name(self) -> str:
        return self.model.name

    @property
    def loss_name(self) -> str:
        return self.model.loss

    @property
    def input_shape(self) -> Shape:
        """Height, width, channels."""
        return self.model.input_shape

    @property
    def input_type(self) -> str:
        return self.model.input_type

    @property
    def input_scale(self) -> float:
        return self.model.input_scale

    @property
    def input_zero_point(self) -> int:
        """The real value of an int8 input q is (q - input_zero_point) * input_scale."""
        return self.model.input_zero_point

    @property
    def labels(self) -> tuple[str, ...]:
        """A name for each output: of the classes, say; () without."""
        return self.model.labels

    @property
    def note(self) -> str:
        """What else belongs to the model; "" without."""
        return self.model.note

    @property
    @abstractmethod
    def steps(self) -> int:
        """Training steps so far, those before saving included."""

    @property
    def diverged(self) -> str | None:
        """The name of the layer that was seen to diverge; training raises DivergenceError then,
        until restore() or reset()."""
        number = self._diverged
        return self.model.layers[number - 1].name if number else None

    @property
    def layers(self) -> list[tuple[str, str, Shape, int, bool, float, int]]:
        """For each layer: name, kind, output shape, parameters, whether it trains, output scale,
        zero point."""
        return [
            (
                record.name,
                record.kind,
                record.output_shape,
                record.parameters,
                *self._state_of(i),
                record.output_zero_point,
            )
            for i, record in enumerate(self.model.layers)
        ]

    # -- how it trains

    @property
    def update_rate(self) -> tuple[float, float]:
        """Partial updates: (least, greatest) share of each layer's channels; one number sets
        both."""
        return self.options.update_rate

    @update_rate.setter
    def update_rate(self, rate: tuple[float, float]) -> None:
        self.options = replace(self.options, update_rate=rate)

    @property
    def sample_updates(self) -> bool:
        """Whether the channels of partial updates are drawn."""
        return self.options.sample_updates

    @sample_updates.setter
    def sample_updates(self, samples: bool) -> None:
        self.options = replace(self.options, sample_updates=samples)

    @property
    def standardize(self) -> bool:
        """Whether gradients are brought to mean 0 and deviation 1."""
        return self.options.standardize

    @standardize.setter
    def standardize(self, standardizes: bool) -> None:
        self.options = replace(self.options, standardize=standardizes)

    @property
    def weight_decay(self) -> float:
        """A step lowers each weight by lr * weight_decay of itself."""
        return self.options.weight_decay

    @weight_decay.setter
    def weight_decay(self, decay: float) -> None:
        self.options = replace(self.options, weight_decay=decay)

    # -- running

    @abstractmethod
    def logits(self, x) -> np.ndarray:
        """The last layer's outputs for one sample, Q16, [outputs]."""

    @abstractmethod
    def loss_for(self, x, target=None, index: int = 0) -> float:
        """The loss of a sample; nothing changes. Without a target: how badly an autoencoder
        returns it."""

    @abstractmethod
    def train(self, x, target=None, lr: float = 0.01, index: int = 0) -> float:
        """One step on one sample. Returns the loss before it, which `loss` tells too."""

    def scores(self, x, out: Any = None, index: int = 0) -> Any:
        """The outputs for a sample (logits, or numbers, in the user's units where the model has a
        map of its outputs): to `out`, an array of `outputs` floats, or as a list."""
        values = self._real_outputs(self.logits(self._sample(x, index)))
        if out is None:
            return values
        if len(out) != len(values):
            raise ValueError(f"out has {len(out)} elements, there are {len(values)} outputs")
        for i, value in enumerate(values):
            out[i] = value
        return out

    def predict(self, x, index: int = 0) -> int | bytes:
        """The class of a sample: the first greatest output; with one output 1 when it is above 0,
        else 0. With pixelwise cross-entropy the class of each pixel, row by row."""
        outputs = self.logits(self._sample(x, index))
        if self.model.is_pixelwise:
            return bytes(outputs.reshape(self.model.pixels, -1).argmax(axis=1).tolist())
        return int(outputs.argmax()) if len(outputs) > 1 else int(outputs[0] > 0)

    def evaluate(self, data, labels=None) -> float:
        """The share of samples that are predicted right, with pixelwise cross-entropy of their
        pixels. data: (samples, labels), a sequence of
        (sample, label), or samples beside `labels`. With binary cross-entropy a target above 0.5
        is class 1. Raises ValueError for no samples, what does not fit, and when the model has no
        classes: loss_for tells how well a sample fits."""
        is_pixelwise = self.model.is_pixelwise
        by_label = is_pixelwise or self.loss_name == "softmax_cross_entropy"
        if not by_label and (self.loss_name == "mean_squared_error" or self.model.outputs > 1):
            raise ValueError(
                "evaluate counts classes, this model has none: loss_for(x, target) tells how well "
                "a sample fits"
            )
        if labels is None and isinstance(data, tuple) and len(data) == 2:
            data, labels = data
        if labels is None:
            samples = np.array([self._sample(x) for x, _ in data])
            labels = [label for _, label in data]
        else:
            samples = self._many(data)
        if not len(samples):
            raise ValueError("no samples")
        if is_pixelwise and isinstance(labels, list):
            labels = [integers(of_pixels) for of_pixels in labels]
        labels = integers(labels)
        if not by_label:
            labels = (labels.reshape(len(labels), -1)[:, 0] > 0.5).astype(int)
        labels = labels_of(self.model, labels, len(samples))
        counts = labels != IGNORED if is_pixelwise else np.ones(labels.shape, bool)
        right = (self._predict_many(samples) == labels) & counts
        return float(right.sum() / max(counts.sum(), 1))

    @abstractmethod
    def _predict_many(self, x: np.ndarray) -> np.ndarray:
        """predict for samples: [samples], with pixelwise cross-entropy [samples][pixels]."""

    @abstractmethod
    def end_batch(self) -> None:
        """End a mini-batch before it is full: apply what its steps have summed. Freezing and
        saving do so first."""

    # -- layers

    def freeze(self, layer: str | int | None = None) -> None:
        """Stop a layer's updates; all layers' when none is named. Raises ValueError when there is
        no such layer, or it has no weights that train."""
        for i in self._chosen(layer):
            self._set_frozen(i, True)

    def unfreeze(self, layer: str | int | None = None) -> None:
        """Let a layer update again, or all that can."""
        for i in self._chosen(layer):
            self._set_frozen(i, False)

    def reset(self, layer: str | int | None = None) -> None:
        """Random weights and zero biases for a layer, or for all that train."""
        for i in self._chosen(layer):
            self._reset(i)

    def _chosen(self, layer: str | int | None) -> list[int]:
        """The numbers from 0 of the layers that a call names."""
        if layer is None:
            return [i for i, record in enumerate(self.model.layers) if record.trainable]
        return [check_trainable(self.model, check_layer(self.model, layer))]

    # -- units

    def map_output(self, offset: float, scale: float, output: int = 0) -> None:
        """Set what an output (from 0) means in the user's units: z of the network is
        z * scale + offset, float32 numbers; a target y is (y - offset) / scale to it. Raises
        ValueError when the model has no map of its outputs, there is no such output, and for
        numbers that are not finite, or no scale (2**-64 to 2**64)."""
        if self.model.output_map is None:
            raise ValueError(
                "the model has no map of its outputs: Sequential.standardize_data(x, y) makes one"
            )
        number = whole_number("output", output, 0, self.model.outputs - 1)
        row = real_number("offset", offset), real_number("scale", scale)
        row = float(np.float32(row[0])), float(np.float32(row[1]))
        if not is_scale(row[1]):
            raise ValueError(f"scale must be 2**-64 to 2**64, not {scale!r}")
        self._set_output_row(number, row)

    # -- saving

    @abstractmethod
    def to_bytes(self, checkpoint: bool = False) -> bytes:
        """The file that save writes."""

    def to_model_file(self, checkpoint: bool = False) -> ModelFile:
        """The model as it is now."""
        return ModelFile.from_bytes(self.to_bytes(checkpoint))

    def save(self, path: str | os.PathLike, *, checkpoint: bool = False) -> None:
        """Write the model as it is now; a failure leaves the old file. With checkpoint=True the
        frozen layers are left out; restore() takes it back. Raises OSError."""
        data = self.to_bytes(truth_value("checkpoint", checkpoint))
        write_whole(path, lambda file: file.write(data))

    def restore(self, source: str | os.PathLike | ModelFile | bytes) -> None:
        """Take the trained state from a checkpoint, or a file, of this model: its path or its
        bytes. Raises OSError, and ModelFileError when it is damaged or of another model; the model
        is unchanged then."""
        if isinstance(source, (str, os.PathLike)):
            with open(source, "rb") as file:
                source = file.read()
        self._restore(source)

    # -- what a model must have for this

    @property
    @abstractmethod
    def _diverged(self) -> int:
        """The number (from 1) of the layer that was seen to diverge; 0: none."""

    @abstractmethod
    def _state_of(self, i: int) -> tuple[bool, float]:
        """Whether layer i (from 0) updates, and its output's scale."""

    @abstractmethod
    def _set_frozen(self, i: int, frozen: bool) -> None: ...

    @abstractmethod
    def _reset(self, i: int) -> None: ...

    @abstractmethod
    def _real_outputs(self, outputs: np.ndarray) -> list[float]:
        """Outputs of one sample, Q16, in the user's units."""

    @abstractmethod
    def _set_output_row(self, output: int, row: tuple[float, float]) -> None:
        """Set a row of the map of the outputs, of float32 numbers."""

    @abstractmethod
    def _restore(self, data: ModelFile | bytes) -> None: ...

    # -- arguments

    def _array(self, x) -> np.ndarray:
        """A buffer as a device takes it, or what numpy takes, as an array."""
        if isinstance(x, (bytes, bytearray, memoryview)):
            return np.frombuffer(x, self.input_type)
        if isinstance(x, array.array):
            return np.array(x, np.float32 if x.typecode == "f" else x.typecode)
        return np.asarray(x)

    def _many(self, x) -> np.ndarray:
        """Samples, flat in a buffer or not, as [samples][...]."""
        x = self._array(x)
        elements = int(np.prod(self.input_shape))
        if x.ndim == 1 and x.size != elements * len(x) and x.size % elements == 0:
            x = x.reshape(-1, *self.input_shape)
        return x

    def _sample(self, x, index: int = 0) -> np.ndarray:
        """Sample `index` of one or many. Raises ValueError when there is none of that number."""
        x = self._array(x)
        elements = int(np.prod(self.input_shape))
        if x.size == elements and is_whole_number(index, 0, 0):
            return x
        many = self._many(x)
        if not is_whole_number(index, 0, len(many) - 1 if many.ndim else -1):
            raise ValueError(f"index {index!r}: there are {x.size // elements} samples")
        return x if x.size < elements or index == 0 == len(many) - 1 else many[index]

    def _target(self, target, index: int):
        """The target of sample `index`. A buffer of floats may have one row for each sample."""
        if not isinstance(target, (array.array, memoryview)):
            return target
        rows = np.asarray(target)
        if rows.size == self.model.outputs or rows.size % self.model.outputs:
            return rows
        rows = rows.reshape(-1, self.model.outputs)
        if index >= len(rows):
            raise ValueError(f"index {index}: there are {len(rows)} targets")
        return rows[index]
