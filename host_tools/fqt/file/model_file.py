"""The model file, read and written on the host.

The layout is described in natmod/core/model/fqt_file.h; this module is tested against the C core,
which reads and writes the same bytes. Every offset and length is checked before it is used.
"""

from __future__ import annotations

import os
import struct
import zlib
from dataclasses import dataclass, field

import numpy as np

from fqt.file.model_checks import (
    ModelFileError,
    check_shape,
    is_positive_zero,
    is_scale,
    name_bytes,
    name_text,
    require,
)

VERSION = 2
MAGIC = b"FQT\x1a"
HEADER = struct.Struct("<4sHHIHHHHHBbfIII16sIB3s")
RECORD = struct.Struct("<BBBbHHHHHBBBBBBBBHfffiIIII16s")
MAX_LAYERS = 64
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
        require(
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
            greatest_loss,
            loss,
            reserved,
        ) = HEADER.unpack_from(data)
        require(magic == MAGIC, "not a model file (it does not start with FQT)")
        require(
            version == VERSION,
            f"model file of version {version}, this module reads version {VERSION}",
        )
        require(
            file_bytes == len(data), f"file should have {file_bytes} bytes, it has {len(data)}"
        )
        require(
            1 <= layer_count <= MAX_LAYERS, f"{layer_count} layers, 1 to {MAX_LAYERS} are possible"
        )
        require(
            record_bytes == RECORD.size
            and flags <= FLAG_CHECKPOINT
            and input_type in INPUT_TYPE_NAMES
            and loss in LOSS_NAMES
            and not any(reserved),
            "a field of the file's header has an unknown value",
        )
        require(is_scale(input_scale), "the input's scale is out of range")
        require(random_state != 0, "the random state is 0")
        (checksum,) = struct.unpack("<I", data[-4:])
        require(zlib.crc32(data[:-4]) == checksum, "checksum does not match: the file is damaged")
        model = ModelFile(
            name_text(name),
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
        require(
            1 <= height * width * channels <= 1 << 24, "the input has no elements, or too many"
        )
        records_end = HEADER.size + RECORD.size * layer_count
        require(
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
        _check_last_layer(model)
        for index, layer in enumerate(model.layers[:-1]):
            require(
                len(model.readers_of(index + 1)) > 0,
                f"layer {index + 1} ({layer.kind}): no layer reads its output",
            )
        for index, layer in enumerate(model.layers):
            require(
                layer.kind != "flatten" or len(model.readers_of(model.inputs_of(index)[0])) == 1,
                f"layer {index + 1} (flatten): another layer reads its input too: "
                "leave the flatten out",
            )
        return model


def _check_last_layer(model: ModelFile) -> None:
    last = model.layers[-1]
    place = f"layer {len(model.layers)} ({last.kind}): "
    require(
        last.has_weights and last.activation == "none",
        place + "the last layer must have weights and no activation",
    )
    least = 2 if model.loss == "softmax_cross_entropy" else 1
    require(
        least <= model.outputs <= 4096,
        place + f"{model.outputs} outputs, {least} to 4096 are possible",
    )


def _read_layer(model: ModelFile, data: bytes, index: int, records_end: int) -> None:
    fields = RECORD.unpack_from(data, HEADER.size + RECORD.size * index)
    kind, activation, flags, zero_point, first_input, second_input = fields[:6]
    height, width, channels, *window = fields[6:17]
    reserved, output_scale, bias_scale, error_scale, output_range = fields[17:22]
    offsets, name = fields[22:26], fields[26]
    require(kind in KIND_NAMES, f"unknown layer kind {kind}: made for a newer module?")
    has_second_input = KIND_NAMES[kind] == "add"
    require(
        first_input <= index
        and (second_input <= index if has_second_input else second_input == NO_SECOND_INPUT),
        f"reads tensors {first_input} and {second_input}: it can read 0 to {index}",
    )
    layer = LayerRecord(
        KIND_NAMES[kind],
        name_text(name),
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
        (first_input, second_input) if has_second_input else (first_input,),
    )
    require(
        reserved == 0
        and activation in ACTIVATION_NAMES
        and flags <= FLAG_TRAINABLE + FLAG_LOW_BYTES
        and (layer.kind in ACTIVATED or activation == 0)
        and (layer.has_weights or (flags == 0 and not any(offsets))),
        "a field of its record has an unknown value",
    )
    require(1 <= output_range <= 1 << 30, "its output range is out of bounds")
    require(
        1 <= height * width * channels <= 1 << 24, f"a tensor of {height} x {width} x {channels}"
    )
    require(
        is_scale(output_scale)
        and (is_positive_zero(error_scale) or is_scale(error_scale))
        and (not layer.has_weights or is_scale(bias_scale)),
        "one of its scales is out of range",
    )
    names = [other.name for other in model.layers]
    require(layer.name not in names, f"it has the name {layer.name!r} of another layer")
    inputs = [model.tensor(number) for number in layer.inputs]
    input_shape = inputs[0][0]
    if layer.kind in KEEPS_SCALE:
        require(
            (output_scale, zero_point) == inputs[0][1:],
            "its scale or zero point is not its input's",
        )
    check_shape(layer, [shape for shape, _, _ in inputs])
    if layer.has_weights:
        kept = not (model.checkpoint and not layer.trainable)
        require(
            (offsets[1] != 0) == bool(flags & FLAG_LOW_BYTES),
            "low bytes and flags do not fit together",
        )
        if kept:
            _read_blobs(layer, data, input_shape, offsets, records_end)
        else:
            require(not any(offsets), "a frozen layer of a checkpoint has no parameters")
    model.layers.append(layer)


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
    elif layer.kind == "depthwise_conv2d":
        shape = (outputs, *layer.kernel)
    else:
        shape = (outputs, *layer.kernel, input_shape[2])

    def blob(offset: int, shape: tuple[int, ...], dtype: str, what: str) -> np.ndarray:
        count = int(np.prod(shape))
        size = count * np.dtype(dtype).itemsize
        require(
            offset % 4 == 0 and offset >= records_end,
            f"a blob at {offset} (blobs start behind {records_end})",
        )
        require(
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
        require(is_scale(scale), f"the weight scale of channel {channel} is out of range")
