"""A model from the bytes of its file. Every offset and length is checked before it is used."""

from __future__ import annotations

import math
import struct
import zlib

import numpy as np

from fqt.file.checks import (
    at_layer,
    check_graph,
    check_last_layer,
    check_tensor,
    is_positive_zero,
    is_scale,
    name_text,
)
from fqt.file.layout import (
    FLAG_CHECKPOINT,
    FLAG_LOW_HALVES,
    FLAG_TRAINABLE,
    HEADER,
    INPUT_TYPE_NAMES,
    LOSS_NAMES,
    LOW_BITS,
    MAGIC,
    MAJOR,
    MAP_INPUT,
    MAP_OUTPUT,
    MAX_FILE_BYTES,
    MAX_LAYERS,
    MAX_RANGE,
    MAX_WORK,
    NO_SECOND_INPUT,
    RECORD,
    TABLE_ENTRIES,
)
from fqt.file.records import LayerRecord, ModelRecords, Table
from fqt.kinds import GATE_BIASES, KIND_NAMES, KINDS
from fqt.messages import fault, require

BLOB_TYPES = ("<i1", "<u1", "<f4", "<i4")  # weights, low bits, scales, biases
TABLE_TYPES = ("<i1", "<u1", "<f4", "<i1")  # derivatives, nothing, their scale, outputs


def fill(model: ModelRecords, data: bytes) -> None:
    """Set all that the file says in a model without layers. Raises ModelFileError."""
    layer_count, maps, text_bytes = _read_header(model, data)
    end = HEADER.size + RECORD.size * layer_count
    places = []
    work = 0
    for index in range(layer_count):
        start = HEADER.size + RECORD.size * index
        is_whole = start + RECORD.size <= len(data)
        with at_layer(index, KIND_NAMES.get(data[start]) if is_whole else None):
            require(is_whole, "BEYOND_FILE", RECORD.size, start, len(data))
            fields = RECORD.unpack_from(data, start)
            layer = _layer(model, fields)
            work += _multiply_adds(model, layer)
            require(work <= MAX_WORK, "MUCH_WORK", MAX_WORK)
            shapes = _blob_shapes(model, layer, _low_bits(fields[2]))
            end = _check_places(_blob_types(layer), shapes, fields[22:26], end, len(data))
            places.append((shapes, fields[22:26]))
            model.layers.append(layer)
    check_last_layer(model)
    check_graph(model)
    rows = (
        model.input_shape[2] if maps & MAP_INPUT else 0,
        model.outputs if maps & MAP_OUTPUT else 0,
    )
    maps_start = end
    texts_start = end + 8 * sum(rows)
    end = texts_start + text_bytes
    require(end + 4 == len(data), "FILE_BYTES", end + 4, len(data))
    for index, layer in enumerate(model.layers):
        with at_layer(index, layer.kind):
            _read_blobs(layer, data, *places[index])
    _read_maps(model, data, maps_start, rows)
    if text_bytes:
        _read_texts(model, data[texts_start:end])


def _read_header(model: ModelRecords, data: bytes) -> tuple[int, int, int]:
    """Returns the number of layers, which maps there are, and how many bytes of texts."""
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
        maps,
        text_bytes,
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
        and maps <= MAP_INPUT | MAP_OUTPUT
        and text_bytes % 4 == 0,
        "HEADER_FIELD",
    )
    model.name = name_text(name)
    mean_squared = LOSS_NAMES[loss] == "mean_squared_error"
    require(not maps & MAP_OUTPUT or mean_squared, "OUTPUT_MAP_LOSS")
    require(is_scale(input_scale), "INPUT_SCALE")
    require(random_state != 0, "RANDOM_STATE")
    (checksum,) = struct.unpack("<I", data[-4:])
    require(zlib.crc32(data[:-4]) == checksum, "CHECKSUM")
    model.input_shape = height, width, channels
    model.input_type = INPUT_TYPE_NAMES[input_type]
    model.input_scale = input_scale
    model.input_zero_point = input_zero_point
    model.random_state = random_state
    model.identity = identity
    model.step_count = step_count
    model.checkpoint = bool(flags & FLAG_CHECKPOINT)
    model.loss = LOSS_NAMES[loss]
    model.greatest_loss = greatest_loss & 0x7FFFFFFF
    check_tensor(model.input_shape)
    return layer_count, maps, text_bytes


def _layer(model: ModelRecords, fields: tuple) -> LayerRecord:
    """The next layer of a model from the fields of its record, but for its blobs."""
    index = len(model.layers)
    number, activation, flags, zero_point, first_input, second_input = fields[:6]
    height, width, channels, *window = fields[6:17]
    reserved, output_scale, bias_scale, error_scale, output_range = fields[17:22]
    require(number in KIND_NAMES, "KIND", number)
    kind = KINDS[KIND_NAMES[number]]
    inputs = (first_input, second_input)[: kind.inputs]
    require(
        all(tensor <= index for tensor in inputs)
        and (kind.inputs == 2 or second_input == NO_SECOND_INPUT),
        "INPUT_TENSORS",
        first_input,
        second_input,
        index,
    )
    require(
        reserved == 0
        and activation < len(kind.activations)
        and flags <= (FLAG_TRAINABLE + FLAG_LOW_HALVES if kind.weights else 0),
        "RECORD_FIELD",
    )
    require(
        is_scale(output_scale)
        and (is_positive_zero(error_scale) or is_scale(error_scale))
        and (not kind.weights or is_scale(bias_scale)),
        "SCALES",
    )
    require(1 <= output_range <= MAX_RANGE, "OUTPUT_RANGE")
    check_tensor((height, width, channels))
    tensors = [model.tensor(tensor) for tensor in inputs]
    if kind.keeps_scale:
        require((output_scale, zero_point) == tensors[0][1:], "KEPT_SCALE")
    layer = LayerRecord(
        kind.name,
        name_text(fields[26]),
        (height, width, channels),
        kind.activations[activation],
        bool(flags & FLAG_TRAINABLE),
        output_scale,
        zero_point,
        (window[0], window[1]),
        (window[2], window[3]),
        (window[4], window[5], window[6], window[7]),
        bias_scale,
        error_scale,
        output_range,
        inputs,
        low_bits=_low_bits(flags) or LayerRecord.low_bits,
    )
    names = [other.name for other in model.layers]
    if layer.name in names:
        raise fault("SAME_NAME", names.index(layer.name) + 1)
    kind.check(layer, [shape for shape, _, _ in tensors])
    if kind.recurrence:
        for number, other in enumerate(model.layers, 1):
            require(not other.trainable, "FRONT_TRAINS", number)
    return layer


def _multiply_adds(model: ModelRecords, layer: LayerRecord) -> int:
    """Of a layer's forward pass: the taps of each output element; of a recurrent one all weights
    in each step."""
    weights, recurrence = KINDS[layer.kind].weights, KINDS[layer.kind].recurrence
    taps = math.prod(layer.kernel)
    input_shape = model.tensor(layer.inputs[0])[0]
    if recurrence:
        steps = math.prod(input_shape[:2])
        return steps * math.prod(recurrence.shape(layer.output_shape, input_shape))
    if weights:
        taps = math.prod(weights.shape(layer, input_shape)[1:])
    return math.prod(layer.output_shape) * taps


def _low_bits(flags: int) -> int:
    """How many low bits the file keeps of each weight."""
    return next((bits for flag, bits in LOW_BITS.items() if flags & flag), 0)


def _blob_shapes(
    model: ModelRecords, layer: LayerRecord, low_bits: int
) -> list[tuple[int, ...] | None]:
    """Of weights, low bits, scales and biases; None where the file has none."""
    if KINDS[layer.kind].has_table and not model.checkpoint:
        return [(TABLE_ENTRIES,), None, (1,), (TABLE_ENTRIES,)]
    weights, recurrence = KINDS[layer.kind].weights, KINDS[layer.kind].recurrence
    if recurrence and not model.checkpoint:
        gates = recurrence.shape(layer.output_shape, model.tensor(layer.inputs[0])[0])
        return [gates, None, (recurrence.scales,), (GATE_BIASES, gates[1])]
    if not weights or (model.checkpoint and not layer.trainable):
        return [None] * len(BLOB_TYPES)
    shape = weights.shape(layer, model.tensor(layer.inputs[0])[0])
    size = (math.prod(shape) * low_bits + 7) // 8
    return [shape, (size,) if low_bits else None, shape[:1], shape[:1]]


def _blob_types(layer: LayerRecord) -> tuple[str, ...]:
    return TABLE_TYPES if KINDS[layer.kind].has_table else BLOB_TYPES


def _check_places(
    types: tuple[str, ...],
    shapes: list[tuple[int, ...] | None],
    places: tuple[int, ...],
    start: int,
    file_bytes: int,
) -> int:
    """A layer's blobs lie one after another from `start` on. Returns where they end."""
    offset = start
    expected = []
    for shape, dtype in zip(shapes, types, strict=True):
        size = math.prod(shape) * np.dtype(dtype).itemsize if shape else 0
        expected.append(offset if size else 0)
        offset += size + -size % 4
    weights = math.prod(shapes[0]) if shapes[0] else 0
    require(offset <= file_bytes, "BLOBS_BEYOND_FILE", weights, start, file_bytes)
    for blob, (place, wanted) in enumerate(zip(places, expected, strict=True), 1):
        require(place == wanted, "BLOB_PLACE", blob, place, wanted)
    return offset


def _read_blobs(
    layer: LayerRecord,
    data: bytes,
    shapes: list[tuple[int, ...] | None],
    places: tuple[int, ...],
) -> None:
    """Fills a layer's arrays, where the file has them."""
    if shapes[0] is None:
        return
    weights, low_bits, scales, biases = (
        None if shape is None else _blob(data, place, shape, dtype)
        for place, shape, dtype in zip(places, shapes, _blob_types(layer), strict=True)
    )
    assert weights is not None and scales is not None and biases is not None
    beyond = np.flatnonzero(weights == -128)
    if len(beyond):
        raise fault("WEIGHT", int(beyond[0]))
    if low_bits is not None:
        layer.low_bytes = _low_bytes(layer.low_bits, low_bits, weights.shape)
    for channel, scale in enumerate(scales):
        require(is_scale(scale), "WEIGHT_SCALE", channel)
    if KINDS[layer.kind].has_table:
        layer.table = Table(biases, weights, float(scales[0]))
    else:
        layer.weights, layer.weight_scales, layer.biases = weights, scales, biases


def _low_bytes(bits: int, low_bits: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Of each weight the low byte, from the file's bytes: one each, or two halves, the first
    below."""
    if bits == 8:
        return low_bits.view(np.int8).reshape(shape)
    halves = np.stack([low_bits << 4, low_bits & 0xF0], axis=1).ravel()
    count = math.prod(shape)
    require(not halves[count:].any(), "PADDING", len(low_bits) - 1)
    return halves[:count].view(np.int8).reshape(shape)


def _blob(data: bytes, offset: int, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    count = math.prod(shape)
    end = offset + count * np.dtype(dtype).itemsize
    for i, byte in enumerate(data[end : end + -end % 4], end - offset):
        require(byte == 0, "PADDING", i)
    return np.frombuffer(data, dtype, count, offset).reshape(shape).copy()


def _read_maps(model: ModelRecords, data: bytes, start: int, rows: tuple[int, int]) -> None:
    """Fills the maps that there are. rows: of the input's and of the outputs'; 0: none."""
    both = _blob(data, start, (sum(rows), 2), "<f4")
    for row, (offset, scale) in enumerate(both.tolist()):
        require(math.isfinite(offset) and is_scale(scale), "MAP_ROW", row)
    model.input_map = both[: rows[0]] if rows[0] else None
    model.output_map = both[rows[0] :] if rows[1] else None


def _read_texts(model: ModelRecords, data: bytes) -> None:
    """Sets labels and note."""
    count = model.classes + 1
    try:
        texts = data.decode().split("\0")
    except UnicodeDecodeError:
        texts = []
    behind = texts[count:]  # nothing behind the last zero, nor between those up to it
    require(len(texts) > count and len(behind) <= 4 and not any(behind), "TEXTS", count)
    model.labels, model.note = tuple(texts[: count - 1]), texts[count - 1]
