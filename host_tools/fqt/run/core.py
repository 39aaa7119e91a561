"""The C core on the desk, through ctypes: the same code and the same bits as on a board, at full
speed.

The interface is natmod/host/fqt_host.h. `make core` builds the library.
"""

from __future__ import annotations

import ctypes
import math
import threading

import numpy as np

from fqt.arguments import truth_value
from fqt.device_model import DeviceModel
from fqt.file.checks import LARGEST_SCALE, SMALLEST_SCALE
from fqt.file.model_file import ModelFile, ModelFileError
from fqt.inputs import (
    DEFAULT_MASTER,
    check_batch,
    check_diverged,
    check_input_is_target,
    check_learning_rate,
    check_master,
    check_targets,
    labels_of,
    own_targets,
    sample_of,
    targets_beyond,
)
from fqt.options import Options, check_options
from fqt.reference.fixed import Scale, fixed_multiply, float_bits, float_of_bits
from fqt.run.arrays import bytes_of, order_of_samples, rates_of_steps
from fqt.run.library import Wanted, library
from fqt.shapes import check_finite, is_of_shape, many_of_shape, numbers, targets_of_shape

ERROR_TEXT_BYTES = 160


class Model(DeviceModel):
    """A model in the C core, as on a device (DeviceModel), with methods for many samples.

    data: a ModelFile or a file's bytes. master: 8, 12 or 16. batch: steps whose gradients are
    summed before an update. in_place: use frozen parameters where they lie in the file, as a
    board does with a file in flash; else load them to RAM, as it does with a file that it opens.
    Raises ModelFileError for a bad file.

    clipped: the share of the last call's elements, given as floats, that lay beyond the input's
    range. Threads may share a model: their samples and steps take turns,
    but for step_forward and step_backward, between which no other may run.
    """

    _handle = None  # of the library; none until the model is open

    def __init__(
        self,
        data: ModelFile | bytes,
        master: int = DEFAULT_MASTER,
        batch: int = 1,
        options: Options = Options(),  # noqa: B008 (immutable)
        in_place: bool = False,
    ):
        self._cut = threading.Lock()  # freeze moves it: as long as a row of features is needed
        self._has_stepped_forward = False
        self.clipped = 0.0
        master, batch = check_master(master), check_batch(batch)
        in_place = truth_value("in_place", in_place)
        self._library = library()
        data = bytes_of(data)
        self._file = ctypes.create_string_buffer(data, max(len(data), 1))
        text = ctypes.create_string_buffer(ERROR_TEXT_BYTES)
        self._handle = self._library.fqt_host_open(
            self._file, len(data), master, batch, in_place, text
        )
        if not self._handle:
            raise ModelFileError(text.value.decode())
        self.model = ModelFile.from_bytes(data)
        self.master = master
        self.batch = batch
        self.options = options
        self._is_made = True

    def __del__(self):
        if self._handle:
            self._library.fqt_host_close(self._handle)

    def __reduce__(self):
        raise TypeError(
            "a model in the core is not copied: core.Model(model.to_bytes(), ...) makes another"
        )

    def _call(self, name: str, *arguments):
        """A function of the library with this model."""
        return getattr(self._library, "fqt_host_" + name)(self._handle, *arguments)

    @property
    def options(self) -> Options:
        """How training goes; may be set at any time."""
        return self._options

    @options.setter
    def options(self, options: Options) -> None:
        options = check_options(options)
        self._call(
            "set_options",
            *options.rates_q16,
            float_bits(options.weight_decay_float32),
            options.standardize,
            options.sample_updates,
        )
        self._options = options

    @property
    def memory(self) -> int:
        """Bytes of RAM: what model.memory tells on a device."""
        return self._call("memory")

    @property
    def memory_bound(self) -> int:
        """The least bytes of RAM that any layout of the arena takes: the parameters, and at each
        moment of a step the tensors that live and the scratch of the pass that runs."""
        return self._call("memory_bound")

    @property
    def steps(self) -> int:
        return self._call("steps")

    @property
    def _diverged(self) -> int:
        return self._call("diverged")

    def _state_of(self, i: int) -> tuple[bool, float]:
        return self._call("updates", i), float_of_bits(self._call("output_scale", i))

    # -- inputs

    def quantize_input(self, x) -> np.ndarray:
        """A sample as the int8 values that the network reads. Raises ValueError as
        fqt.reference.Network does."""
        x = sample_of(self.model, x)
        self.clipped = 0.0
        if x.dtype == np.int8:
            return x
        if x.dtype == np.uint8:
            return (x ^ 0x80).view(np.int8)
        return self._quantized(x)

    def _quantized(self, x: np.ndarray) -> np.ndarray:
        """Finite real numbers, float32, of one sample or many, as int8 of the same shape."""
        x = np.ascontiguousarray(x)
        values = np.empty(x.shape, np.int8)
        clipped = self._call("quantize", x.ctypes.data, x.size, values.ctypes.data)
        self.clipped = clipped / max(x.size, 1)
        return values

    def quantize_inputs(self, x) -> np.ndarray:
        """Many samples as int8 [samples][elements], contiguous. x: [samples][height][width]
        [channels], or flattened, of the input's type or floats. Raises ValueError that names the
        sample for what does not fit."""
        x = many_of_shape("samples", np.asarray(x), self.model.input_shape)
        self.clipped = 0.0
        if x.dtype.kind == "f":
            x = numbers("samples", x)
            check_finite("sample", x)
            x = self._quantized(x)
        elif not len(x):
            x = x.astype(np.int8)
        elif sample_of(self.model, x[0]).dtype == np.float32:
            x = self._quantized(x.astype(np.float32))
        elif x.dtype == np.uint8:
            x = (x ^ 0x80).view(np.int8)
        return self._int8_samples(x)

    def _int8_samples(self, x) -> np.ndarray:
        """Samples that are int8 already, as [samples][elements]."""
        x = np.asarray(x)
        if x.dtype != np.int8:
            raise ValueError(f"samples must be int8 here, not {x.dtype}")
        x = many_of_shape("samples", x, self.model.input_shape)
        return np.ascontiguousarray(x.reshape(len(x), math.prod(self.model.input_shape)))

    def _samples(self, x) -> np.ndarray:
        """Samples, quantized already or not, as int8 [samples][elements]."""
        x = np.asarray(x)
        return self._int8_samples(x) if x.dtype == np.int8 else self.quantize_inputs(x)

    def _features(self, x) -> np.ndarray:
        """What features returned, checked."""
        x = np.asarray(x)
        elements = self._call("feature_elements")
        if x.dtype != np.int8 or x.shape[1:] != (elements,):
            raise ValueError(
                f"features are int8 [samples][{elements}], as features() returns them, not "
                f"{x.dtype} of shape {x.shape}"
            )
        return np.ascontiguousarray(x)

    def _wanted(self, x: np.ndarray | None, targets, samples: int) -> tuple[Wanted, np.ndarray]:
        """Labels [samples], of pixels [samples][pixels], or targets [samples][outputs] as the
        library takes them, with the array that must outlive the call."""
        model = self.model
        if model.is_pixelwise or model.loss == "softmax_cross_entropy":
            # A copy: what is checked is what is used, whatever another thread does.
            labels = labels_of(model, np.array(targets), samples)
            array = np.ascontiguousarray(labels, np.uint16)
            return Wanted(array.ctypes.data, None), array
        if targets is None:
            check_input_is_target(model)
            if x is None:
                raise ValueError("training from features needs targets")
            centred = x.astype(np.int64) - model.input_zero_point
            fixed = fixed_multiply(centred, Scale.unpack(model.input_scale).shifted(16))
            fixed = own_targets(model, fixed)
        else:
            values = check_targets(model, targets)
            values = targets_of_shape(
                values, samples, model.layers[-1].output_shape, model.input_shape
            )
            values = np.ascontiguousarray(values)
            fixed = np.empty(values.shape, np.int32)
            taken = self._call("targets", values.ctypes.data, samples, fixed.ctypes.data)
            if taken < fixed.size:
                raise targets_beyond(model)
        array = np.ascontiguousarray(fixed, np.int32)
        return Wanted(None, array.ctypes.data), array

    # -- running

    def logits(self, x) -> np.ndarray:
        """The last layer's outputs for one sample, Q16, int32 [outputs]."""
        return self._outputs(self._int8_samples(self.quantize_input(x).reshape(1, -1)))[0]

    def outputs(self, x) -> np.ndarray:
        """The last layer's outputs for samples [samples][...], in real units (the user's, where
        the model has a map of its outputs), float64 [samples][outputs]."""
        outputs = self._outputs(self.quantize_inputs(x))
        return outputs / 65536 if self.model.output_map is None else self._in_real_units(outputs)

    def _in_real_units(self, outputs: np.ndarray) -> np.ndarray:
        """Outputs, Q16 [samples][outputs], as a device returns them: float32 numbers, float64."""
        outputs = np.ascontiguousarray(outputs, np.int32)
        values = np.empty(outputs.shape, np.float32)
        self._call("real_outputs", outputs.ctypes.data, len(outputs), values.ctypes.data)
        return values.astype(np.float64)

    def _real_outputs(self, outputs: np.ndarray) -> list[float]:
        return self._in_real_units(outputs[None])[0].tolist()

    def _set_output_row(self, output: int, row: tuple[float, float]) -> None:
        self._call("map_output", output, *map(float_bits, row))

    def _outputs(self, x: np.ndarray) -> np.ndarray:
        outputs = np.empty((len(x), self.model.outputs), np.int32)
        self._call("outputs", x.ctypes.data, len(x), outputs.ctypes.data)
        return outputs

    def predict_many(self, x) -> np.ndarray:
        """predict for samples [samples][...]: uint16 [samples], with pixelwise cross-entropy
        [samples][pixels]. x may be quantized already."""
        x = self._samples(x)
        classes = np.empty((len(x), self.model.pixels), np.uint16)
        self._call("predict", x.ctypes.data, len(x), classes.ctypes.data)
        return classes if self.model.is_pixelwise else classes[:, 0]

    _predict_many = predict_many

    def losses(self, x, targets=None) -> np.ndarray:
        """The loss of each sample; nothing changes. targets: as in train, of all samples."""
        x = self._samples(x)
        wanted, _kept = self._wanted(x, targets, len(x))
        losses = np.empty(len(x), np.int32)
        self._call("losses", x.ctypes.data, ctypes.byref(wanted), len(x), losses.ctypes.data)
        return losses / 65536

    def loss_for(self, x, target=None, index: int = 0) -> float:
        x = self.quantize_input(self._sample(x, index))
        return float(self.losses(x.reshape(1, -1), self._one(target, index))[0])

    def features(self, x) -> np.ndarray:
        """What the frozen front part gives for each sample: int8 [samples][feature_elements], to
        be trained from (the input itself when nothing is frozen in front)."""
        x = self._samples(x)
        with self._cut:
            features = np.empty((len(x), self._call("feature_elements")), np.int8)
            self._call("features", x.ctypes.data, len(x), features.ctypes.data)
        return features

    # -- training

    def _one(self, target, index: int):
        """A sample's target as the targets of one sample."""
        return None if target is None else np.asarray(self._target(target, index))[None]

    def train(self, x, target=None, lr: float = 0.01, index: int = 0) -> float:
        """One step on one sample. Returns the loss before it, which `loss` tells too. Raises as
        fqt.reference.Network does."""
        x = self.quantize_input(self._sample(x, index)).reshape(1, -1)
        return float(self.train_many(x, self._one(target, index), [0], lr)[0])

    def train_many(self, x, targets, order, lr, from_features: bool = False) -> np.ndarray:
        """One step on x[i] for each i of order. x: samples, quantized already or not, or with
        from_features what features gave. targets: labels [samples], [samples][outputs] numbers,
        or None (the input itself). lr: one rate, or one a step. Gives the loss before each step,
        float64 [steps]. Raises ValueError for what does not fit, and DivergenceError."""
        with self._cut:
            x = self._features(x) if from_features else self._samples(x)
            order = order_of_samples(order, len(x))
            rates = rates_of_steps(lr, len(order))
            wanted, _kept = self._wanted(None if from_features else x, targets, len(x))
            self._check_trains(lr)
            losses = np.zeros(len(order), np.int32)
            self._call(
                "train",
                x.ctypes.data,
                from_features,
                ctypes.byref(wanted),
                order.ctypes.data,
                rates.ctypes.data,
                len(order),
                losses.ctypes.data,
            )
        self._check_diverged(lr)
        if len(losses):
            self.loss = float(losses[-1]) / 65536
        return losses / 65536

    def _check_trains(self, lr=0.0) -> None:
        if not self._call("trains"):
            raise ValueError("no layer trains: unfreeze() lets one")
        if not self._call("silent"):
            self._check_diverged(lr)

    def _check_diverged(self, lr) -> None:
        highest = float(np.max(lr, initial=0.0))
        check_diverged(self.model, self._diverged, self._call("silent"), highest)

    def step_forward(self, x: np.ndarray) -> np.ndarray:
        """The first half of a step whose loss is the caller's: outputs of one sample that is int8
        already, in real units, float64 [outputs]. Raises ValueError for another sample, and when
        no layer trains."""
        x = self._int8_samples(np.asarray(x)[None])
        self._check_trains()
        outputs = np.empty(self.model.outputs, np.int32)
        self._call("step_forward", x.ctypes.data, outputs.ctypes.data)
        self._has_stepped_forward = True
        return outputs / 65536

    def step_backward(self, gradient: np.ndarray, lr: float) -> None:
        """The second half: from the loss's gradient by the outputs, real numbers [outputs]. It is
        quantized to int8 at its own scale. Raises ValueError for another gradient, and without the
        first half."""
        gradient = numbers("a gradient", gradient)
        if not is_of_shape(gradient.shape, self.model.layers[-1].output_shape):
            raise ValueError(
                f"a gradient has {self.model.outputs} numbers, one an output, not {gradient.shape}"
            )
        peak = float(np.abs(gradient).max())  # NaN where there is one
        if not peak <= LARGEST_SCALE:
            raise ValueError(
                f"a gradient must be finite numbers within +-{LARGEST_SCALE:.2g}, not {peak}"
            )
        rate = check_learning_rate(lr)
        self._check_trains(lr)
        if not self._has_stepped_forward:
            raise ValueError("step_forward comes before step_backward")
        self._has_stepped_forward = False
        scale = np.float32(max(peak / 127, SMALLEST_SCALE))
        error = np.clip(np.round(gradient.ravel() / scale), -127, 127).astype(np.int8)
        self._call("step_backward", error.ctypes.data, float_bits(float(scale)), float_bits(rate))
        self._check_diverged(lr)

    def end_batch(self) -> None:
        """End a mini-batch before it is full: apply what its steps have summed. freeze and
        to_bytes do so first."""
        self._call("end_batch")

    def _set_frozen(self, i: int, frozen: bool) -> None:
        with self._cut:
            self._call("freeze", i, frozen)

    def _reset(self, i: int) -> None:
        self._call("reset", i)

    # -- saving

    def to_bytes(self, checkpoint: bool = False) -> bytes:
        """The file that the device's model.save() writes. Ends a mini-batch."""
        self.end_batch()
        size = self._call("file_bytes", checkpoint)
        data = ctypes.create_string_buffer(size)
        self._call("write", checkpoint, data)
        return data.raw

    def _restore(self, data: ModelFile | bytes) -> None:
        data = bytes_of(data)
        text = ctypes.create_string_buffer(ERROR_TEXT_BYTES)
        if not self._call("restore", data, len(data), text):
            raise ModelFileError(text.value.decode())
