"""The model file, read and written on the host.

The layout is described in natmod/core/fqt_file.h; this module is tested against the C core, which
reads and writes the same bytes. Every offset and length is checked before it is used.
"""

from __future__ import annotations

import os
import struct
import zlib
from dataclasses import dataclass, field

import numpy as np

VERSION = 1
MAGIC = b"FQT\x1a"
HEADER = struct.Struct("<4sHHIHHHHHBbfIII16s8s")
RECORD = struct.Struct("<BBBbHHHHHBBBBBBBBHfffiIIII16s")
MAX_LAYERS = 64
NO_SECOND_INPUT = 0xFFFF
OUTPUT_RANGE_START = 62415
SMALLEST_SCALE = 2.0**-64
LARGEST_SCALE = 2.0**64

KINDS = {"dense": 1, "conv2d": 2, "max_pool2d": 3, "flatten": 4}
KIND_NAMES = {number: name for name, number in KINDS.items()}
ACTIVATIONS = {"none": 0, "relu": 1}
ACTIVATION_NAMES = {number: name for name, number in ACTIVATIONS.items()}
INPUT_TYPES = {"int8": 0, "uint8": 1}
INPUT_TYPE_NAMES = {number: name for name, number in INPUT_TYPES.items()}
FLAG_CHECKPOINT = 1
FLAG_TRAINABLE = 1
FLAG_LOW_BYTES = 2


class ModelFileError(ValueError):
    """A model file, or a model to be written, is not valid: the text says what and where."""


@dataclass
class LayerRecord:
    """One layer. Arrays are None for layers without weights, and for frozen layers of a
    checkpoint.

    weights: int8 [out][kernel_height][kernel_width][in] (dense: [out][in]); low_bytes: the same
    shape or None; weight_scales: float32 [out]; biases: int32 [out], in units of bias_scale *
    weight_scales.
    """

    kind: str
    name: str
    output_shape: tuple[int, int, int]
    activation: str = "none"
    trainable: bool = False
    output_scale: float = 1.0
    output_zero_point: int = 0
    kernel: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)  # top, bottom, left, right
    bias_scale: float = 0.0
    error_scale: float = 0.0
    output_range: int = OUTPUT_RANGE_START
    weights: np.ndarray | None = None
    low_bytes: np.ndarray | None = None
    weight_scales: np.ndarray | None = None
    biases: np.ndarray | None = None

    @property
    def has_weights(self) -> bool:
        return self.kind in ("dense", "conv2d")

    @property
    def parameters(self) -> int:
        """Weights and biases."""
        return 0 if self.weights is None else self.weights.size + self.biases.size


@dataclass
class ModelFile:
    """A whole model: the header's fields and the layers in the order in which they run."""

    name: str
    input_shape: tuple[int, int, int]
    layers: list[LayerRecord] = field(default_factory=list)
    input_type: str = "uint8"
    input_scale: float = 1 / 255
    input_zero_point: int = -128
    random_state: int = 1
    identity: int = 0
    step_count: int = 0
    checkpoint: bool = False

    def input_of(self, index: int) -> tuple[tuple[int, int, int], float, int]:
        """Shape, scale and zero point of the tensor that layer `index` (from 0) reads."""
        if index == 0:
            return self.input_shape, self.input_scale, self.input_zero_point
        before = self.layers[index - 1]
        return before.output_shape, before.output_scale, before.output_zero_point

    def clipped_by_relu(self, index: int) -> bool:
        """Whether a ReLU clipped the input of layer `index`: looked for through pooling and
        flatten."""
        while index > 0 and not self.layers[index - 1].has_weights:
            index -= 1
        return index > 0 and self.layers[index - 1].activation == "relu"

    @property
    def first_trainable(self) -> int:
        """Index of the first layer that trains; the number of layers when none does."""
        trainable = [i for i, layer in enumerate(self.layers) if layer.trainable]
        return trainable[0] if trainable else len(self.layers)

    # -- writing

    def to_bytes(self) -> bytes:
        """The file's bytes. Raises ModelFileError when the model is not valid."""
        offset = HEADER.size + RECORD.size * len(self.layers)
        records, blobs = [], []
        for index, layer in enumerate(self.layers):
            offsets = []
            kept = layer.has_weights and not (self.checkpoint and not layer.trainable)
            arrays = (
                (layer.weights, "<i1"),
                (layer.low_bytes, "<i1"),
                (layer.weight_scales, "<f4"),
                (layer.biases, "<i4"),
            )
            for array, dtype in arrays:
                data = (
                    b""
                    if array is None or not kept
                    else np.ascontiguousarray(array, dtype).tobytes()
                )
                offsets.append(offset if data else 0)
                data += bytes(-len(data) % 4)
                offset += len(data)
                blobs.append(data)
            records.append(self._record(index, layer, offsets))
        file_bytes = offset + 4
        header = HEADER.pack(
            MAGIC,
            VERSION,
            RECORD.size,
            file_bytes,
            len(self.layers),
            FLAG_CHECKPOINT if self.checkpoint else 0,
            *self.input_shape,
            INPUT_TYPES[self.input_type],
            self.input_zero_point,
            self.input_scale,
            self.random_state,
            self.identity,
            self.step_count,
            _name_bytes(self.name),
            bytes(8),
        )
        data = b"".join([header, *records, *blobs])
        data += struct.pack("<I", zlib.crc32(data))
        ModelFile.from_bytes(data)
        return data

    @staticmethod
    def _record(index: int, layer: LayerRecord, offsets: list[int]) -> bytes:
        flags = FLAG_TRAINABLE * layer.trainable + FLAG_LOW_BYTES * (offsets[1] != 0)
        return RECORD.pack(
            KINDS[layer.kind],
            ACTIVATIONS[layer.activation],
            flags,
            layer.output_zero_point,
            index,
            NO_SECOND_INPUT,
            *layer.output_shape,
            *layer.kernel,
            *layer.stride,
            *layer.padding,
            0,
            layer.output_scale,
            layer.bias_scale,
            layer.error_scale,
            layer.output_range,
            *offsets,
            _name_bytes(layer.name),
        )

    def write(self, path: str | os.PathLike) -> None:
        """Write to a file; a failure leaves the old file whole (a new one is renamed over it)."""
        path = os.fspath(path)
        data = self.to_bytes()
        with open(path + ".new", "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(path + ".new", path)

    # -- reading

    @staticmethod
    def read(path: str | os.PathLike) -> ModelFile:
        """Read a file. Raises OSError, or ModelFileError."""
        with open(path, "rb") as file:
            return ModelFile.from_bytes(file.read())

    @staticmethod
    def from_bytes(data: bytes) -> ModelFile:
        """Read and check everything. Raises ModelFileError."""
        data = bytes(data)
        _require(
            len(data) >= HEADER.size + 4,
            f"file has {len(data)} bytes, a model's header alone has {HEADER.size}",
        )
        (
            magic,
            version,
            record_bytes,
            file_bytes,
            layer_count,
            flags,
            height,
            width,
            channels,
            input_type,
            input_zero_point,
            input_scale,
            random_state,
            identity,
            step_count,
            name,
            reserved,
        ) = HEADER.unpack_from(data)
        _require(magic == MAGIC, "not a model file (it does not start with FQT)")
        _require(
            version == VERSION,
            f"model file of version {version}, this module reads version {VERSION}",
        )
        _require(
            file_bytes == len(data), f"file should have {file_bytes} bytes, it has {len(data)}"
        )
        _require(
            1 <= layer_count <= MAX_LAYERS, f"{layer_count} layers, 1 to {MAX_LAYERS} are possible"
        )
        _require(
            record_bytes == RECORD.size
            and flags <= FLAG_CHECKPOINT
            and input_type in INPUT_TYPE_NAMES
            and not any(reserved),
            "a field of the file's header has an unknown value",
        )
        _require(_is_scale(input_scale), "the input's scale is out of range")
        _require(random_state != 0, "the random state is 0")
        (checksum,) = struct.unpack("<I", data[-4:])
        _require(zlib.crc32(data[:-4]) == checksum, "checksum does not match: the file is damaged")
        model = ModelFile(
            _name_text(name),
            (height, width, channels),
            [],
            INPUT_TYPE_NAMES[input_type],
            input_scale,
            input_zero_point,
            random_state,
            identity,
            step_count,
            bool(flags & FLAG_CHECKPOINT),
        )
        _require(
            1 <= height * width * channels <= 1 << 24, "the input has no elements, or too many"
        )
        records_end = HEADER.size + RECORD.size * layer_count
        _require(
            records_end + 4 <= len(data),
            f"{layer_count} layer records need {records_end + 4} bytes",
        )
        for index in range(layer_count):
            try:
                _read_layer(model, data, index, records_end)
            except ModelFileError as error:
                kind = KIND_NAMES.get(data[HEADER.size + RECORD.size * index])
                place = f"layer {index + 1}" + (f" ({kind})" if kind else "")
                raise ModelFileError(f"{place}: {error}") from None
        last = model.layers[-1]
        _require(
            last.has_weights and last.activation == "none",
            f"layer {layer_count} ({last.kind}): the last "
            "layer must be dense or conv2d, without activation",
        )
        outputs = int(np.prod(last.output_shape))
        _require(
            2 <= outputs <= 4096,
            f"layer {layer_count} ({last.kind}): {outputs} outputs, 2 to 4096 are possible",
        )
        return model


def _read_layer(model: ModelFile, data: bytes, index: int, records_end: int) -> None:
    fields = RECORD.unpack_from(data, HEADER.size + RECORD.size * index)
    kind, activation, flags, zero_point, first_input, second_input = fields[:6]
    height, width, channels, *window = fields[6:17]
    reserved, output_scale, bias_scale, error_scale, output_range = fields[17:22]
    offsets, name = fields[22:26], fields[26]
    _require(kind in KIND_NAMES, f"unknown layer kind {kind}: made for a newer module?")
    layer = LayerRecord(
        KIND_NAMES[kind],
        _name_text(name),
        (height, width, channels),
        ACTIVATION_NAMES.get(activation, ""),
        bool(flags & FLAG_TRAINABLE),
        output_scale,
        zero_point,
        tuple(window[:2]),
        tuple(window[2:4]),
        tuple(window[4:]),
        bias_scale,
        error_scale,
        output_range,
    )
    _require(
        first_input == index and second_input == NO_SECOND_INPUT,
        f"reads tensors {first_input} and {second_input}: layer graphs are not supported",
    )
    _require(
        reserved == 0
        and activation in ACTIVATION_NAMES
        and flags <= FLAG_TRAINABLE + FLAG_LOW_BYTES
        and (layer.has_weights or (activation == 0 and flags == 0 and not any(offsets))),
        "a field of its record has an unknown value",
    )
    _require(1 <= output_range <= 1 << 30, "its output range is out of bounds")
    _require(
        1 <= height * width * channels <= 1 << 24, f"a tensor of {height} x {width} x {channels}"
    )
    _require(
        _is_scale(output_scale)
        and (error_scale == 0 or _is_scale(error_scale))
        and (not layer.has_weights or _is_scale(bias_scale)),
        "one of its scales is out of range",
    )
    _require(bool(layer.name), "it has no name")
    names = [other.name for other in model.layers]
    _require(layer.name not in names, f"it has the name {layer.name!r} of another layer")
    input_shape, input_scale, input_zero_point = model.input_of(index)
    if not layer.has_weights:
        _require(
            output_scale == input_scale and zero_point == input_zero_point,
            "its scale or zero point is not its input's",
        )
    _check_shape(layer, input_shape)
    if layer.has_weights:
        kept = not (model.checkpoint and not layer.trainable)
        _require(
            (offsets[1] != 0) == bool(flags & FLAG_LOW_BYTES),
            "low bytes and flags do not fit together",
        )
        if kept:
            _read_blobs(layer, data, input_shape, offsets, records_end)
        else:
            _require(not any(offsets), "a frozen layer of a checkpoint has no parameters")
    model.layers.append(layer)


def _check_shape(layer: LayerRecord, input_shape: tuple[int, int, int]) -> None:
    """The shape rules, and the limits that keep 32-bit accumulators from overflowing."""
    height, width, channels = layer.output_shape
    elements = int(np.prod(input_shape))
    if layer.kind in ("dense", "flatten"):
        _require(height == width == 1, f"output is {height} x {width}, this layer's is 1 x 1")
        window = (*layer.kernel, *layer.stride, *layer.padding)
        _require(window == (1, 1, 1, 1, 0, 0, 0, 0), "it has a window, this layer slides none")
    if layer.kind == "flatten":
        _require(channels == elements, f"{elements} elements in, {channels} out")
    if layer.kind == "max_pool2d":
        _require(
            channels == input_shape[2],
            f"{input_shape[2]} channels in, {channels} out: pooling keeps them",
        )
    if layer.kind in ("conv2d", "max_pool2d"):
        top, bottom, left, right = layer.padding
        extents = (
            (input_shape[0], height, layer.kernel[0], layer.stride[0], top, bottom),
            (input_shape[1], width, layer.kernel[1], layer.stride[1], left, right),
        )
        for size, output, kernel, stride, before, after in extents:
            _require(
                kernel >= 1 and stride >= 1,
                f"kernel {kernel}, stride {stride}: both are at least 1",
            )
            _require(
                max(before, after) < kernel,
                f"padding {before}, {after} must be below the kernel {kernel}",
            )
            _require(
                kernel <= size + before + after,
                f"kernel {kernel} is larger than the input {size} with padding",
            )
            expected = (size + before + after - kernel) // stride + 1
            _require(output == expected, f"output extent is {output}, the window makes {expected}")
    if layer.kind == "conv2d":
        _require(
            not layer.trainable or height * width <= 66000,
            f"{height * width} output positions cannot train",
        )
    if layer.has_weights:
        area = layer.kernel[0] * layer.kernel[1]
        inputs = elements if layer.kind == "dense" else input_shape[2]
        _require(
            area * inputs <= 33000,
            f"{area * inputs} inputs a filter, at most 33000 fit 32-bit sums",
        )
        _require(
            area * channels <= (2**31 - 1) // (127 * 128),
            f"{area * channels} kernel taps times output channels",
        )


def _read_blobs(
    layer: LayerRecord,
    data: bytes,
    input_shape: tuple[int, int, int],
    offsets: tuple[int, ...],
    records_end: int,
) -> None:
    outputs = layer.output_shape[2]
    if layer.kind == "dense":
        shape = (outputs, int(np.prod(input_shape)))
    else:
        shape = (outputs, *layer.kernel, input_shape[2])

    def blob(offset: int, shape: tuple[int, ...], dtype: str, what: str) -> np.ndarray:
        count = int(np.prod(shape))
        size = count * np.dtype(dtype).itemsize
        _require(
            offset % 4 == 0 and offset >= records_end,
            f"a blob at {offset} (blobs start behind {records_end})",
        )
        _require(
            offset + size <= len(data) - 4,
            f"{size} bytes of {what} at {offset}, file has {len(data)}",
        )
        return np.frombuffer(data, dtype, count, offset).reshape(shape).copy()

    layer.weights = blob(offsets[0], shape, "<i1", "weights")
    if offsets[1]:
        layer.low_bytes = blob(offsets[1], shape, "<i1", "low bytes")
    layer.weight_scales = blob(offsets[2], (outputs,), "<f4", "scales")
    layer.biases = blob(offsets[3], (outputs,), "<i4", "biases")
    for channel, scale in enumerate(layer.weight_scales):
        _require(_is_scale(scale), f"the weight scale of channel {channel} is out of range")


def _is_scale(value: float) -> bool:
    return SMALLEST_SCALE <= value <= LARGEST_SCALE  # False for NaN


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ModelFileError(message)


def _name_bytes(name: str) -> bytes:
    data = name.encode()
    _require(0 < len(data) <= 16 and b"\0" not in data, f"name {name!r} must have 1 to 16 bytes")
    return data


def _name_text(data: bytes) -> str:
    text = data.rstrip(b"\0")
    try:
        return text.decode()
    except UnicodeDecodeError:
        raise ModelFileError("a name is not UTF-8") from None
