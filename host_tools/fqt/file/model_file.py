"""The model file, read and written on the host.

The layout is described in natmod/core/model/fqt_file.h; this module is tested against the C core,
which reads and writes the same bytes. Every offset and length is checked before it is used.
"""

from __future__ import annotations

import math
import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from fqt.file.messages import ModelFileError, fault, require
from fqt.file.model_checks import (
    check_shape,
    check_tensor,
    is_positive_zero,
    is_scale,
    name_bytes,
    name_text,
)
from fqt.files import write_whole

MAJOR, MINOR = 2, 0  # of the file format (natmod/core/model/fqt_file.h says what each means)
MAGIC = b"FQT\x1a"
HEADER = struct.Struct("<4sBBHIHHHHHBbfIII16sIB3s")
RECORD = struct.Struct("<BBBbHHHHHBBBBBBBBHfffiIIII16s")
MAX_LAYERS = 64
MAX_FILE_BYTES = 1 << 28
MAX_OUTPUTS = 4096
MAX_RANGE = 1 << 30
NO_SECOND_INPUT = 0xFFFF
OUTPUT_RANGE_START = 62415

KINDS = {
    "dense": 1,
    "conv2d": 2,
    "max_pool2d": 3,
    "flatten": 4,
    "depthwise_conv2d": 5,
    "average_pool2d": 6,
    "add": 7,
}
WEIGHTED = ("dense", "conv2d", "depthwise_conv2d")
ACTIVATED = (*WEIGHTED, "add")
KEEPS_SCALE = ("max_pool2d", "flatten")  # output has the input's scale and zero point
KIND_NAMES = {number: name for name, number in KINDS.items()}
ACTIVATIONS = {"none": 0, "relu": 1, "relu6": 2}
ACTIVATION_NAMES = {number: name for name, number in ACTIVATIONS.items()}
INPUT_TYPES = {"int8": 0, "uint8": 1}
INPUT_TYPE_NAMES = {number: name for name, number in INPUT_TYPES.items()}
LOSSES = {"softmax_cross_entropy": 0, "mean_squared_error": 1, "binary_cross_entropy": 2}
LOSS_NAMES = {number: name for name, number in LOSSES.items()}
FLAG_CHECKPOINT = 1
FLAG_TRAINABLE = 1
FLAG_LOW_BYTES = 2


@dataclass
class LayerRecord:
    """One layer. Arrays are None for layers without weights, and for frozen layers of a
    checkpoint.

    inputs: the tensors that it reads, 0 the model's input, i the output of layer i (from 1); None:
    the one before. weights: int8 [out][kernel_height][kernel_width][in] (dense: [out][in];
    depthwise_conv2d: [out][kernel_height][kernel_width]); low_bytes: the same shape or None;
    weight_scales: float32 [out]; biases: int32 [out], in units of bias_scale * weight_scales.
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
    inputs: tuple[int, ...] | None = None
    weights: np.ndarray | None = None
    low_bytes: np.ndarray | None = None
    weight_scales: np.ndarray | None = None
    biases: np.ndarray | None = None

    @property
    def has_weights(self) -> bool:
        return self.kind in WEIGHTED

    @property
    def windows_overlap(self) -> bool:
        """Whether an input element can belong to two windows."""
        return self.stride[0] < self.kernel[0] or self.stride[1] < self.kernel[1]

    @property
    def passes_error_scale(self) -> bool:
        """Whether each error of the input has one source, so that its scale follows from the
        output's (docs/arithmetic.md, section 6)."""
        if self.kind in ("max_pool2d", "average_pool2d"):
            return not self.windows_overlap
        return self.kind in ("flatten", "add")

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
    loss: str = "softmax_cross_entropy"
    greatest_loss: int = 0

    def inputs_of(self, index: int) -> tuple[int, ...]:
        """The tensors that layer `index` (from 0) reads."""
        inputs = self.layers[index].inputs if index < len(self.layers) else None
        return (index,) if inputs is None else inputs

    def tensor(self, number: int) -> tuple[tuple[int, int, int], float, int]:
        """Shape, scale and zero point of a tensor: 0 is the model's input, i the output of layer i
        (from 1)."""
        if number == 0:
            return self.input_shape, self.input_scale, self.input_zero_point
        made_by = self.layers[number - 1]
        return made_by.output_shape, made_by.output_scale, made_by.output_zero_point

    def readers_of(self, tensor: int) -> list[int]:
        """The layers (from 0) that read a tensor."""
        return [i for i in range(len(self.layers)) if tensor in self.inputs_of(i)]

    def clips(self, tensor: int) -> str:
        """The activation that clipped a tensor: looked for through max pooling and flatten."""
        while tensor > 0 and self.layers[tensor - 1].kind in KEEPS_SCALE:
            tensor = self.inputs_of(tensor - 1)[0]
        return self.layers[tensor - 1].activation if tensor > 0 else "none"

    def hands_error_scale_on(self, tensor: int) -> bool:
        """Whether the scale of a tensor's error follows from that of its only reader's output."""
        readers = self.readers_of(tensor)
        return len(readers) == 1 and self.layers[readers[0]].passes_error_scale

    @property
    def outputs(self) -> int:
        """Elements of the last layer's output."""
        return int(np.prod(self.layers[-1].output_shape))

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
            records.append(self._record(index, offsets))
        file_bytes = offset + 4
        header = HEADER.pack(
            MAGIC,
            MAJOR,
            MINOR,
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
            name_bytes(self.name),
            self.greatest_loss,
            LOSSES[self.loss],
            bytes(3),
        )
        data = b"".join([header, *records, *blobs])
        data += struct.pack("<I", zlib.crc32(data))
        ModelFile.from_bytes(data)
        return data

    def _record(self, index: int, offsets: list[int]) -> bytes:
        layer = self.layers[index]
        flags = FLAG_TRAINABLE * layer.trainable + FLAG_LOW_BYTES * (offsets[1] != 0)
        return RECORD.pack(
            KINDS[layer.kind],
            ACTIVATIONS[layer.activation],
            flags,
            layer.output_zero_point,
            *(*self.inputs_of(index), NO_SECOND_INPUT)[:2],
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
            name_bytes(layer.name),
        )

    def write(self, path: str | os.PathLike) -> None:
        """Write to a file. Raises OSError; a failure leaves the old file, and no half one."""
        data = self.to_bytes()
        write_whole(path, lambda file: file.write(data))

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
        require(len(data) >= HEADER.size + 4, "FILE_SHORT", len(data), HEADER.size)
        (
            magic,
            major,
            minor,
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
            greatest_loss,
            loss,
            reserved,
        ) = HEADER.unpack_from(data)
        require(magic == MAGIC, "NO_MODEL")
        require(major == MAJOR, "VERSION", major, minor, MAJOR)
        require(file_bytes == len(data), "FILE_BYTES", file_bytes, len(data))
        require(len(data) <= MAX_FILE_BYTES, "FILE_LARGE", len(data), MAX_FILE_BYTES)
        require(1 <= layer_count <= MAX_LAYERS, "LAYER_COUNT", layer_count, MAX_LAYERS)
        require(
            record_bytes == RECORD.size
            and flags <= FLAG_CHECKPOINT
            and input_type in INPUT_TYPE_NAMES
            and loss in LOSS_NAMES
            and not any(reserved),
            "HEADER_FIELD",
        )
        name = name_text(name)
        require(is_scale(input_scale), "INPUT_SCALE")
        require(random_state != 0, "RANDOM_STATE")
        (checksum,) = struct.unpack("<I", data[-4:])
        require(zlib.crc32(data[:-4]) == checksum, "CHECKSUM")
        model = ModelFile(
            name,
            (height, width, channels),
            [],
            INPUT_TYPE_NAMES[input_type],
            input_scale,
            input_zero_point,
            random_state,
            identity,
            step_count,
            bool(flags & FLAG_CHECKPOINT),
            LOSS_NAMES[loss],
            greatest_loss & 0x7FFFFFFF,
        )
        check_tensor(model.input_shape)
        end = HEADER.size + RECORD.size * layer_count
        places = []
        for index in range(layer_count):
            with _at_layer(index, KIND_NAMES.get(data[HEADER.size + RECORD.size * index])):
                start = HEADER.size + RECORD.size * index
                require(
                    start + RECORD.size <= len(data),
                    "BEYOND_FILE",
                    RECORD.size,
                    start,
                    len(data),
                )
                end = _read_layer(model, places, data, index, end)
        require(end + 4 == len(data), "FILE_BYTES", end + 4, len(data))
        _check_last_layer(model)
        _check_graph(model)
        for index, layer in enumerate(model.layers):
            with _at_layer(index, layer.kind):
                _read_blobs(layer, data, model.tensor(model.inputs_of(index)[0])[0], places[index])
        return model


@contextmanager
def _at_layer(index: int, kind: str | None) -> Iterator[None]:
    """Errors inside concern layer `index` (from 0)."""
    try:
        yield
    except ModelFileError as error:
        place = f"layer {index + 1}" + (f" ({kind})" if kind else "")
        raise ModelFileError(f"{place}: {error}") from None


def _check_last_layer(model: ModelFile) -> None:
    last = model.layers[-1]
    least = 2 if model.loss == "softmax_cross_entropy" else 1
    with _at_layer(len(model.layers) - 1, last.kind):
        require(last.has_weights and last.activation == "none", "LAST_LAYER")
        require(
            least <= model.outputs <= MAX_OUTPUTS,
            "OUTPUT_COUNT",
            model.outputs,
            least,
            MAX_OUTPUTS,
        )


def _check_graph(model: ModelFile) -> None:
    for index, layer in enumerate(model.layers):
        with _at_layer(index, layer.kind):
            is_last = index + 1 == len(model.layers)
            require(is_last or len(model.readers_of(index + 1)) > 0, "NO_READER")
            require(
                layer.kind != "flatten" or len(model.readers_of(model.inputs_of(index)[0])) == 1,
                "OTHER_READER",
            )


def _read_layer(
    model: ModelFile, places: list[tuple[int, ...]], data: bytes, index: int, offset: int
) -> int:
    """Appends layer `index` to the model, but for its blobs, whose places go to `places`: they
    begin at `offset`. Returns where they end."""
    fields = RECORD.unpack_from(data, HEADER.size + RECORD.size * index)
    kind, activation, flags, zero_point, first_input, second_input = fields[:6]
    height, width, channels, *window = fields[6:17]
    reserved, output_scale, bias_scale, error_scale, output_range = fields[17:22]
    offsets, name = fields[22:26], fields[26]
    require(kind in KIND_NAMES, "KIND", kind)
    kind = KIND_NAMES[kind]
    has_second_input = kind == "add"
    require(
        first_input <= index
        and (second_input <= index if has_second_input else second_input == NO_SECOND_INPUT),
        "INPUT_TENSORS",
        first_input,
        second_input,
        index,
    )
    require(
        reserved == 0
        and activation in ACTIVATION_NAMES
        and flags <= (FLAG_TRAINABLE + FLAG_LOW_BYTES if kind in WEIGHTED else 0)
        and (kind in ACTIVATED or activation == 0),
        "RECORD_FIELD",
    )
    require(
        is_scale(output_scale)
        and (is_positive_zero(error_scale) or is_scale(error_scale))
        and (kind not in WEIGHTED or is_scale(bias_scale)),
        "SCALES",
    )
    require(1 <= output_range <= MAX_RANGE, "OUTPUT_RANGE")
    check_tensor((height, width, channels))
    layer = LayerRecord(
        kind,
        "",
        (height, width, channels),
        ACTIVATION_NAMES[activation],
        bool(flags & FLAG_TRAINABLE),
        output_scale,
        zero_point,
        tuple(window[:2]),
        tuple(window[2:4]),
        tuple(window[4:]),
        bias_scale,
        error_scale,
        output_range,
        (first_input, second_input) if has_second_input else (first_input,),
    )
    inputs = [model.tensor(number) for number in layer.inputs]
    if kind in KEEPS_SCALE:
        require((output_scale, zero_point) == inputs[0][1:], "KEPT_SCALE")
    layer.name = name_text(name)
    names = [other.name for other in model.layers]
    if layer.name in names:
        raise fault("SAME_NAME", names.index(layer.name) + 1)
    check_shape(layer, [shape for shape, _, _ in inputs])
    model.layers.append(layer)
    weights = math.prod(_weights_shape(layer, inputs[0][0])) if layer.has_weights else 0
    sizes = (weights, weights if flags & FLAG_LOW_BYTES else 0, 4 * channels, 4 * channels)
    start = offset
    expected = []
    for size in sizes if layer.has_weights and (layer.trainable or not model.checkpoint) else ():
        expected.append(offset if size else 0)
        offset += size + -size % 4
    expected = expected or [0] * len(sizes)
    require(offset <= len(data), "BLOBS_BEYOND_FILE", weights, start, len(data))
    for blob, (place, wanted) in enumerate(zip(offsets, expected, strict=True), 1):
        require(place == wanted, "BLOB_PLACE", blob, place, wanted)
    places.append(offsets)
    return offset


def _weights_shape(layer: LayerRecord, input_shape: tuple[int, int, int]) -> tuple[int, ...]:
    outputs = layer.output_shape[2]
    if layer.kind == "dense":
        return outputs, math.prod(input_shape)
    if layer.kind == "depthwise_conv2d":
        return outputs, *layer.kernel
    return outputs, *layer.kernel, input_shape[2]


def _read_blobs(
    layer: LayerRecord, data: bytes, input_shape: tuple[int, int, int], offsets: tuple[int, ...]
) -> None:
    """Fills a layer's arrays, where the file has them."""

    def blob(number: int, shape: tuple[int, ...], dtype: str) -> np.ndarray | None:
        count = math.prod(shape)
        offset = offsets[number]
        if offset == 0:
            return None
        end = offset + count * np.dtype(dtype).itemsize
        for i, byte in enumerate(data[end : end + -end % 4], end - offset):
            require(byte == 0, "PADDING", i)
        return np.frombuffer(data, dtype, count, offset).reshape(shape).copy()

    if offsets[0] == 0:
        return
    shape, outputs = _weights_shape(layer, input_shape), layer.output_shape[2]
    layer.weights = blob(0, shape, "<i1")
    beyond = np.flatnonzero(layer.weights == -128)
    if len(beyond):
        raise fault("WEIGHT", beyond[0])
    layer.low_bytes = blob(1, shape, "<i1")
    layer.weight_scales = blob(2, (outputs,), "<f4")
    layer.biases = blob(3, (outputs,), "<i4")
    for channel, scale in enumerate(layer.weight_scales):
        require(is_scale(scale), "WEIGHT_SCALE", channel)
