"""The C core on the desk, through ctypes: the same code and the same bits as on a board, at full
speed.

The interface is natmod/host/fqt_host.h. `make core` builds the library.
"""

from __future__ import annotations

import ctypes
import os
from functools import cache
from pathlib import Path

import numpy as np

from fqt.inputs import check_label, check_learning_rate, check_master, sample_of
from fqt.model_file import ModelFile, ModelFileError

ERROR_TEXT_BYTES = 160
REPOSITORY = Path(__file__).resolve().parents[2]
_BYTES = ctypes.c_void_p


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
    u32, handle = ctypes.c_uint32, ctypes.c_void_p
    signatures = {
        "open": (handle, [_BYTES, u32, u32, ctypes.c_bool, ctypes.c_char_p]),
        "close": (None, [handle]),
        "memory": (u32, [handle]),
        "input_elements": (u32, [handle]),
        "output_elements": (u32, [handle]),
        "has_trainable": (ctypes.c_bool, [handle]),
        "quantize_float": (ctypes.c_bool, [handle, u32, ctypes.POINTER(ctypes.c_int8)]),
        "predict": (u32, [handle, _BYTES]),
        "logits": (None, [handle, _BYTES, _BYTES]),
        "evaluate": (u32, [handle, _BYTES, _BYTES, u32]),
        "train": (ctypes.c_int64, [handle, _BYTES, _BYTES, _BYTES, _BYTES, u32]),
        "file_bytes": (u32, [handle, ctypes.c_bool]),
        "write": (None, [handle, ctypes.c_bool, _BYTES]),
        "restore": (ctypes.c_bool, [handle, _BYTES, u32, ctypes.c_char_p]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(core, "fqt_host_" + name)
        function.restype, function.argtypes = result, arguments
    return core


class Model:
    """A model in the C core; the same methods as fqt.reference.Network, and faster ones for many
    samples.

    data: a ModelFile or a file's bytes. master: 8 or 16. in_place: use frozen parameters where
    they lie in the file, as a board does with a file in flash; else load them to RAM, as it does
    with a file that it opens. Raises ModelFileError for a bad file.
    """

    def __init__(self, data: ModelFile | bytes, master: int = 8, in_place: bool = False):
        self._handle = None
        check_master(master)
        self._library = library()
        data = data.to_bytes() if isinstance(data, ModelFile) else bytes(data)
        self._file = ctypes.create_string_buffer(data, max(len(data), 1))
        text = ctypes.create_string_buffer(ERROR_TEXT_BYTES)
        self._handle = self._library.fqt_host_open(self._file, len(data), master, in_place, text)
        if not self._handle:
            raise ModelFileError(text.value.decode())
        self.model = ModelFile.from_bytes(data)
        self.master = master

    def __del__(self):
        if self._handle:
            self._library.fqt_host_close(self._handle)

    @property
    def memory(self) -> int:
        """Bytes of RAM: what model.memory tells on a device."""
        return self._library.fqt_host_memory(self._handle)

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
        return self._int8(x)

    def logits(self, x) -> np.ndarray:
        """The last layer's outputs for one sample, Q16, int32 [outputs]."""
        x = np.ascontiguousarray(self.quantize_input(x))
        logits = np.empty(self._library.fqt_host_output_elements(self._handle), np.int32)
        self._library.fqt_host_logits(self._handle, x.ctypes.data, logits.ctypes.data)
        return logits

    def predict(self, x) -> int:
        """The index of the first greatest logit."""
        x = np.ascontiguousarray(self.quantize_input(x))
        return self._library.fqt_host_predict(self._handle, x.ctypes.data)

    def evaluate(self, x, labels) -> float:
        """The share of samples [samples][...] that are predicted right; labels: integers
        [samples].

        Raises ValueError when there are none, or when they do not fit.
        """
        x = self.quantize_inputs(x)
        if not len(x):
            raise ValueError("no samples")
        labels = self._labels(labels, len(x))
        right = self._library.fqt_host_evaluate(
            self._handle, x.ctypes.data, labels.ctypes.data, len(x)
        )
        return right / len(x)

    def train(self, x, label: int, lr: float = 0.01) -> float:
        """One step on one sample. Gives the loss before it, in nats. Raises ValueError as
        fqt.reference.Network does."""
        return self.train_many(self.quantize_input(x)[None], [label], [0], lr)

    def train_many(self, x, labels, order, lr) -> float:
        """One step on x[i] for each i of order. lr: one rate, or one a step. Gives the mean loss,
        in nats."""
        order = np.ascontiguousarray(order, np.uint32)
        rates = [check_learning_rate(rate) for rate in np.atleast_1d(lr).tolist()]
        rates = np.ascontiguousarray(np.broadcast_to(np.array(rates, np.float32), order.shape))
        x = self.quantize_inputs(x) if np.asarray(x).dtype != np.int8 else self._int8(x)
        labels = self._labels(labels, len(x))
        if order.size and order.max() >= len(x):
            raise ValueError(f"order names sample {order.max()}, there are {len(x)}")
        if not self._library.fqt_host_has_trainable(self._handle):
            raise ValueError("no layer trains")
        arrays = [array.ctypes.data for array in (x, labels, order, rates)]
        return (
            self._library.fqt_host_train(self._handle, *arrays, len(order))
            / 65536
            / max(len(order), 1)
        )

    def _int8(self, x) -> np.ndarray:
        """Samples that are quantized already."""
        x = np.asarray(x)
        elements = self._library.fqt_host_input_elements(self._handle)
        if x.size != len(x) * elements:
            raise ValueError(f"a sample has {elements} elements, not {x[0].size}")
        return np.ascontiguousarray(x.reshape(len(x), elements))

    def _labels(self, labels, samples: int) -> np.ndarray:
        labels = np.asarray(labels)
        if labels.shape != (samples,) or (samples and labels.dtype.kind not in "iu"):
            raise ValueError(
                f"{samples} samples need as many integer labels, "
                f"not {labels.dtype} of shape {labels.shape}"
            )
        for label in (labels.min(), labels.max()) if labels.size else ():
            check_label(self.model, int(label))
        return np.ascontiguousarray(labels, np.uint16)

    def to_bytes(self, checkpoint: bool = False) -> bytes:
        """The file that the device's model.save() writes."""
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
