"""The C core on the desk, through ctypes: the same code and the same bits as on a board, at full
speed.

The interface is natmod/host/fqt_host.h. `make core` builds the library.
"""

from __future__ import annotations

import ctypes
import os
import threading
from functools import cache
from pathlib import Path

import numpy as np

from fqt.file.model_file import ModelFile, ModelFileError
from fqt.inputs import (
    check_diverged,
    check_input_is_target,
    check_label,
    check_learning_rate,
    check_master,
    check_targets,
    own_targets,
    sample_of,
)
from fqt.options import Options
from fqt.reference.fixed import Scale, fixed_multiply, float_bits

ERROR_TEXT_BYTES = 160
REPOSITORY = Path(__file__).resolve().parents[3]
_BYTES = ctypes.c_void_p


class _Wanted(ctypes.Structure):
    """fqt_host_wanted_t"""

    _fields_ = [("labels", ctypes.c_void_p), ("targets", ctypes.c_void_p)]


@cache
def library(path: str | None = None) -> ctypes.CDLL:
    """The shared library: at `path`, at $FQT_CORE_LIB, or where `make core` puts it. Raises
    OSError without it."""
    found = path or os.environ.get("FQT_CORE_LIB") or REPOSITORY / "build" / "libfqt_core.so"
    if not Path(found).exists():
        raise OSError(
            f"the core's library is not at {found}: build it with `make core`, or set FQT_CORE_LIB"
        )
    core = ctypes.CDLL(str(found))
    u32, handle, boolean = ctypes.c_uint32, ctypes.c_void_p, ctypes.c_bool
    wanted = ctypes.POINTER(_Wanted)
    signatures = {
        "open": (handle, [_BYTES, u32, u32, u32, boolean, ctypes.c_char_p]),
        "close": (None, [handle]),
        "memory": (u32, [handle]),
        "memory_bound": (u32, [handle]),
        "input_elements": (u32, [handle]),
        "output_elements": (u32, [handle]),
        "feature_elements": (u32, [handle]),
        "trains": (boolean, [handle]),
        "diverged": (u32, [handle]),
        "quantize_float": (boolean, [handle, u32, ctypes.POINTER(ctypes.c_int8)]),
        "set_options": (None, [handle, u32, u32, u32, boolean, boolean]),
        "end_batch": (None, [handle]),
        "freeze": (None, [handle, u32, boolean]),
        "reset": (None, [handle, u32]),
        "predict": (None, [handle, _BYTES, u32, _BYTES]),
        "outputs": (None, [handle, _BYTES, u32, _BYTES]),
        "features": (None, [handle, _BYTES, u32, _BYTES]),
        "losses": (None, [handle, _BYTES, wanted, u32, _BYTES]),
        "train": (None, [handle, _BYTES, boolean, wanted, _BYTES, _BYTES, u32, _BYTES]),
        "step_forward": (None, [handle, _BYTES, _BYTES]),
        "step_backward": (None, [handle, _BYTES, u32, u32]),
        "file_bytes": (u32, [handle, boolean]),
        "write": (None, [handle, boolean, _BYTES]),
        "restore": (boolean, [handle, _BYTES, u32, ctypes.c_char_p]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(core, "fqt_host_" + name)
        function.restype, function.argtypes = result, arguments
    return core


class Model:
    """A model in the C core; the same methods as fqt.reference.Network, and faster ones for many
    samples.

    data: a ModelFile or a file's bytes. master: 8 or 16. batch: steps whose gradients are summed
    before an update. in_place: use frozen parameters where they lie in the file, as a board does
    with a file in flash; else load them to RAM, as it does with a file that it opens. Raises
    ModelFileError for a bad file. Threads may share a model: their samples and steps take turns,
    but for step_forward and step_backward, between which no other may run.
    """

    def __init__(
        self,
        data: ModelFile | bytes,
        master: int = 8,
        batch: int = 1,
        options: Options = Options(),  # noqa: B008 (immutable)
        in_place: bool = False,
    ):
        self._handle = None
        self._cut = threading.Lock()  # freeze moves it: as long as a row of features is needed
        check_master(master)
        if batch < 1:
            raise ValueError(f"a batch has at least 1 sample, not {batch}")
        self._library = library()
        data = data.to_bytes() if isinstance(data, ModelFile) else bytes(data)
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

    def __del__(self):
        if self._handle:
            self._library.fqt_host_close(self._handle)

    @property
    def options(self) -> Options:
        """How training goes; may be set at any time."""
        return self._options

    @options.setter
    def options(self, options: Options) -> None:
        self._options = options
        self._library.fqt_host_set_options(
            self._handle,
            *options.rates_q16,
            float_bits(options.weight_decay_float32),
            options.standardize,
            options.sample_updates,
        )

    @property
    def memory(self) -> int:
        """Bytes of RAM: what model.memory tells on a device."""
        return self._library.fqt_host_memory(self._handle)

    @property
    def memory_bound(self) -> int:
        """The least bytes of RAM that any layout of the arena takes: the parameters, and at each
        moment of a step the tensors that live and the scratch of the layer that runs."""
        return self._library.fqt_host_memory_bound(self._handle)

    @property
    def diverged(self) -> int:
        """The number (from 1) of the layer that was seen to diverge; 0: none."""
        return self._library.fqt_host_diverged(self._handle)

    # -- inputs

    def quantize_input(self, x) -> np.ndarray:
        """A sample as the int8 values that the network reads. Raises ValueError as
        fqt.reference.Network does."""
        x = sample_of(self.model, x)
        if x.dtype == np.int8:
            return x
        if x.dtype == np.uint8:
            return (x ^ 0x80).view(np.int8)
        values = np.empty(x.size, np.int8)
        value = ctypes.c_int8()
        for i, bits in enumerate(np.ascontiguousarray(x).ravel().view(np.uint32).tolist()):
            self._library.fqt_host_quantize_float(self._handle, bits, ctypes.byref(value))
            values[i] = value.value
        return values.reshape(x.shape)

    def quantize_inputs(self, x) -> np.ndarray:
        """Many samples [samples][...] as int8 [samples][elements], contiguous."""
        x = np.asarray(x)
        if x.dtype == np.uint8 and self.model.input_type == "uint8":
            x = (x ^ 0x80).view(np.int8)
        elif x.dtype != np.int8 or self.model.input_type != "int8":
            x = np.array([self.quantize_input(sample) for sample in x], np.int8)
        return self._int8(x, self._library.fqt_host_input_elements(self._handle))

    @staticmethod
    def _int8(x: np.ndarray, elements: int) -> np.ndarray:
        """Samples or features that are int8 already, as [samples][elements]."""
        x = np.asarray(x)
        if x.dtype != np.int8:
            raise ValueError(f"samples must be int8 here, not {x.dtype}")
        if x.size != len(x) * elements:
            raise ValueError(f"a sample has {elements} elements, not {x[0].size}")
        return np.ascontiguousarray(x.reshape(len(x), elements))

    @staticmethod
    def _labels(labels: np.ndarray, samples: int, classes: int) -> np.ndarray:
        """Labels as they came. Raises ValueError unless they are [samples] classes."""
        if labels.shape != (samples,) or (samples and labels.dtype.kind not in "iu"):
            raise ValueError(
                f"{samples} samples need as many integer labels, "
                f"not {labels.dtype} of shape {labels.shape}"
            )
        for label in (labels.min(), labels.max()) if labels.size else ():
            check_label(classes, int(label))
        return labels

    def _wanted(self, x: np.ndarray | None, targets, samples: int) -> tuple[_Wanted, np.ndarray]:
        """Labels [samples] or targets [samples][outputs] as the library takes them, with the array
        that must outlive the call."""
        model = self.model
        if model.loss == "softmax_cross_entropy":
            # A copy: what is checked is what is used, whatever another thread does.
            labels = self._labels(np.array(targets), samples, model.outputs)
            array = np.ascontiguousarray(labels, np.uint16)
            return _Wanted(array.ctypes.data, None), array
        if targets is None:
            check_input_is_target(model)
            if x is None:
                raise ValueError("training from features needs targets")
            centred = x.astype(np.int64) - model.input_zero_point
            fixed = fixed_multiply(centred, Scale.unpack(model.input_scale).shifted(16))
            fixed = own_targets(model, fixed)
        else:
            fixed = check_targets(model, targets)
        if fixed.size != samples * model.outputs:
            raise ValueError(
                f"{samples} samples need {model.outputs} targets each, not {fixed.shape}"
            )
        array = np.ascontiguousarray(fixed, np.int32)
        return _Wanted(None, array.ctypes.data), array

    # -- running

    def logits(self, x) -> np.ndarray:
        """The last layer's outputs for one sample, Q16, int32 [outputs]."""
        return self._outputs(self._int8_samples(self.quantize_input(x)[None]))[0]

    def outputs(self, x) -> np.ndarray:
        """The last layer's outputs for samples [samples][...], in real units, float64
        [samples][outputs]."""
        return self._outputs(self.quantize_inputs(x)) / 65536

    def _int8_samples(self, x: np.ndarray) -> np.ndarray:
        return self._int8(x, self._library.fqt_host_input_elements(self._handle))

    def _outputs(self, x: np.ndarray) -> np.ndarray:
        outputs = np.empty((len(x), self.model.outputs), np.int32)
        self._library.fqt_host_outputs(self._handle, x.ctypes.data, len(x), outputs.ctypes.data)
        return outputs

    def predict(self, x) -> int:
        """The index of the first greatest output; with one output 1 when it is above 0, else 0."""
        return int(self.predict_many(self.quantize_input(x)[None])[0])

    def predict_many(self, x) -> np.ndarray:
        """predict for samples [samples][...]: uint16 [samples]. x may be quantized already."""
        x = self._int8_samples(x) if x.dtype == np.int8 else self.quantize_inputs(x)
        classes = np.empty(len(x), np.uint16)
        self._library.fqt_host_predict(self._handle, x.ctypes.data, len(x), classes.ctypes.data)
        return classes

    def evaluate(self, x, labels) -> float:
        """The share of samples [samples][...] that are predicted right; labels: integers
        [samples].

        Raises ValueError when there are none, or when they do not fit.
        """
        x, labels = np.asarray(x), np.asarray(labels)
        if not len(x):
            raise ValueError("no samples")
        self._labels(labels, len(x), max(self.model.outputs, 2))
        return float((self.predict_many(x) == labels).mean())

    def losses(self, x, targets=None) -> np.ndarray:
        """The loss of each sample; nothing changes. targets: as in train, of all samples."""
        x = self._int8_samples(x) if np.asarray(x).dtype == np.int8 else self.quantize_inputs(x)
        wanted, _kept = self._wanted(x, targets, len(x))
        losses = np.empty(len(x), np.int32)
        self._library.fqt_host_losses(
            self._handle, x.ctypes.data, ctypes.byref(wanted), len(x), losses.ctypes.data
        )
        return losses / 65536

    def loss(self, x, target=None) -> float:
        """The loss of one sample; nothing changes."""
        return float(self.losses(self.quantize_input(x)[None], self._one(target))[0])

    def features(self, x) -> np.ndarray:
        """What the frozen front part gives for each sample: int8 [samples][feature_elements], to
        be trained from (the input itself when nothing is frozen in front)."""
        x = self._int8_samples(x) if np.asarray(x).dtype == np.int8 else self.quantize_inputs(x)
        with self._cut:
            elements = self._library.fqt_host_feature_elements(self._handle)
            features = np.empty((len(x), elements), np.int8)
            self._library.fqt_host_features(
                self._handle, x.ctypes.data, len(x), features.ctypes.data
            )
        return features

    # -- training

    def _one(self, target):
        """A sample's target as the targets of one sample."""
        return None if target is None else np.asarray(target)[None]

    def train(self, x, target=None, lr: float = 0.01) -> float:
        """One step on one sample. Gives the loss before it. Raises as fqt.reference.Network
        does."""
        return float(self.train_many(self.quantize_input(x)[None], self._one(target), [0], lr)[0])

    def train_many(self, x, targets, order, lr, from_features: bool = False) -> np.ndarray:
        """One step on x[i] for each i of order. x: samples, quantized already or not, or with
        from_features what features gave. targets: labels [samples], [samples][outputs] numbers,
        or None (the input itself). lr: one rate, or one a step. Gives the loss before each step,
        float64 [steps]. Raises ValueError for what does not fit, and DivergenceError."""
        order = np.array(order, np.uint32)  # a copy: what is checked here
        rates = [check_learning_rate(rate) for rate in np.atleast_1d(lr).tolist()]
        rates = np.ascontiguousarray(np.broadcast_to(np.array(rates, np.float32), order.shape))
        with self._cut:
            if from_features:
                x = self._int8(x, self._library.fqt_host_feature_elements(self._handle))
            elif np.asarray(x).dtype == np.int8:
                x = self._int8_samples(x)
            else:
                x = self.quantize_inputs(x)
            wanted, _kept = self._wanted(None if from_features else x, targets, len(x))
            if order.size and order.max() >= len(x):
                raise ValueError(f"order names sample {order.max()}, there are {len(x)}")
            if not self._library.fqt_host_trains(self._handle):
                raise ValueError("no layer trains")
            check_diverged(self.model, self.diverged)
            losses = np.zeros(len(order), np.int32)
            self._library.fqt_host_train(
                self._handle,
                x.ctypes.data,
                from_features,
                ctypes.byref(wanted),
                order.ctypes.data,
                rates.ctypes.data,
                len(order),
                losses.ctypes.data,
            )
        check_diverged(self.model, self.diverged)
        return losses / 65536

    def step_forward(self, x: np.ndarray) -> np.ndarray:
        """The first half of a step whose loss is the caller's: outputs of one quantized sample, in
        real units, float64 [outputs]."""
        x = self._int8_samples(x[None])
        outputs = np.empty(self.model.outputs, np.int32)
        self._library.fqt_host_step_forward(self._handle, x.ctypes.data, outputs.ctypes.data)
        return outputs / 65536

    def step_backward(self, gradient: np.ndarray, lr: float) -> None:
        """The second half: from the loss's gradient by the outputs, real numbers [outputs]. It is
        quantized to int8 at its own scale."""
        scale = np.float32(max(float(np.abs(gradient).max()) / 127, 2.0**-64))
        error = np.clip(np.round(gradient / scale), -127, 127).astype(np.int8)
        self._library.fqt_host_step_backward(
            self._handle,
            error.ctypes.data,
            float_bits(float(scale)),
            float_bits(check_learning_rate(lr)),
        )
        check_diverged(self.model, self.diverged)

    def end_batch(self) -> None:
        """End a mini-batch before it is full: apply what its steps have summed. freeze and
        to_bytes do so first."""
        self._library.fqt_host_end_batch(self._handle)

    def freeze(self, i: int, frozen: bool = True) -> None:
        """Stop or start the updates of layer i (from 0), if it is trainable."""
        layer = self._layer(i)
        with self._cut:
            self._library.fqt_host_freeze(self._handle, layer, frozen)

    def reset(self, i: int) -> None:
        """Random weights for layer i (from 0). Raises ValueError unless it is trainable."""
        if not self.model.layers[self._layer(i)].trainable:
            raise ValueError(f"layer {i + 1} ({self.model.layers[i].name}) does not train")
        self._library.fqt_host_reset(self._handle, i)

    def _layer(self, i: int) -> int:
        if not 0 <= i < len(self.model.layers):
            raise ValueError(f"layers are 0 to {len(self.model.layers) - 1}, not {i}")
        return i

    # -- saving

    def to_bytes(self, checkpoint: bool = False) -> bytes:
        """The file that the device's model.save() writes. Ends a mini-batch."""
        self.end_batch()
        size = self._library.fqt_host_file_bytes(self._handle, checkpoint)
        data = ctypes.create_string_buffer(size)
        self._library.fqt_host_write(self._handle, checkpoint, data)
        return data.raw

    def to_model_file(self, checkpoint: bool = False) -> ModelFile:
        """The model as it is now."""
        return ModelFile.from_bytes(self.to_bytes(checkpoint))

    def restore(self, data: bytes) -> None:
        """Take the trained state of a checkpoint. Raises ModelFileError; the model is unchanged
        then."""
        text = ctypes.create_string_buffer(ERROR_TEXT_BYTES)
        if not self._library.fqt_host_restore(self._handle, bytes(data), len(data), text):
            raise ModelFileError(text.value.decode())
