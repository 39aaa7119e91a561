"""A model as the bytes of its file."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Collection

import numpy as np

from fqt.file.checks import name_bytes
from fqt.file.layout import (
    FLAG_CHECKPOINT,
    FLAG_TRAINABLE,
    HEADER,
    INPUT_TYPES,
    LOSSES,
    LOW_BITS,
    MAGIC,
    MAJOR,
    MAP_INPUT,
    MAP_OUTPUT,
    MAX_TEXT_BYTES,
    MINOR,
    NO_SECOND_INPUT,
    RECORD,
)
from fqt.file.records import LayerRecord, ModelRecords, Table
from fqt.kinds import KINDS
from fqt.messages import ModelFileError


def file_bytes(model: ModelRecords) -> bytes:
    """The file's bytes, which reading checks. Raises ModelFileError for what no field can say."""
    for layer in model.layers:
        _require_known("kind", layer.kind, KINDS)
        _require_known("activation", layer.activation, KINDS[layer.kind].activations)
    _require_known("input_type", model.input_type, INPUT_TYPES)
    _require_known("loss", model.loss, LOSSES)
    offset = HEADER.size + RECORD.size * len(model.layers)
    records, blobs = [], []
    for index, layer in enumerate(model.layers):
        offsets = []
        for blob in _blobs(layer, model.checkpoint):
            offsets.append(offset if blob else 0)
            blobs.append(blob + bytes(-len(blob) % 4))
            offset += len(blobs[-1])
        records.append(_record(layer, model.inputs_of(index), offsets))
    maps = [model.input_map, model.output_map]
    blobs += [_rows(rows) for rows in maps if rows is not None]
    texts = _texts(model)
    blobs.append(texts)
    offset += sum(8 * len(rows) for rows in maps if rows is not None) + len(texts)
    header = HEADER.pack(
        MAGIC,
        MAJOR,
        MINOR,
        RECORD.size,
        offset + 4,
        len(model.layers),
        FLAG_CHECKPOINT if model.checkpoint else 0,
        *model.input_shape,
        INPUT_TYPES[model.input_type],
        model.input_zero_point,
        model.input_scale,
        model.random_state,
        model.identity,
        model.step_count,
        name_bytes(model.name),
        model.greatest_loss,
        LOSSES[model.loss],
        MAP_INPUT * (maps[0] is not None) + MAP_OUTPUT * (maps[1] is not None),
        len(texts),
    )
    data = b"".join([header, *records, *blobs])
    return data + struct.pack("<I", zlib.crc32(data))


def _require_known(what: str, value: str, known: Collection[str]) -> None:
    if value not in known:
        raise ModelFileError(f"{what} is one of {', '.join(known)}, not {value!r}")


def _blobs(layer: LayerRecord, checkpoint: bool) -> list[bytes]:
    """Weights, low bits, scales and biases; empty where the file has none."""
    if KINDS[layer.kind].has_table:
        return _table_blobs(None if checkpoint else layer.table)
    arrays = (
        (layer.weights, "<i1"),
        (_low_bits(layer), "<u1"),
        (layer.weight_scales, "<f4"),
        (layer.biases, "<i4"),
    )
    has_some = layer.has_weights or KINDS[layer.kind].recurrence is not None
    kept = has_some and (layer.trainable or not checkpoint)
    return [
        np.ascontiguousarray(array, dtype).tobytes() if kept and array is not None else b""
        for array, dtype in arrays
    ]


def _table_blobs(table: Table | None) -> list[bytes]:
    """In the places of weights, low bits, scales and biases."""
    if table is None:
        return [b""] * 4
    derivatives, outputs = (
        np.ascontiguousarray(array, "<i1").tobytes()
        for array in (table.derivatives, table.outputs)
    )
    return [derivatives, b"", np.float32(table.scale).tobytes(), outputs]


def _low_bits(layer: LayerRecord) -> np.ndarray | None:
    """What weights have behind the point, as the file has it: a byte each, or halves of bytes."""
    if layer.low_bytes is None or layer.low_bits == 8:
        return None if layer.low_bytes is None else layer.low_bytes.view(np.uint8)
    halves = layer.low_bytes.ravel().view(np.uint8) >> 4
    pairs = halves[::2].copy()
    pairs[: halves.size // 2] |= halves[1::2] << 4
    return pairs


def _rows(rows: np.ndarray) -> bytes:
    """A map as the file has it."""
    if np.ndim(rows) != 2 or np.shape(rows)[1] != 2:
        raise ModelFileError(f"a map is [rows][2], offset and scale, not {np.shape(rows)}")
    return np.ascontiguousarray(rows, "<f4").tobytes()


def _texts(model: ModelRecords) -> bytes:
    """What the file has of them: nothing when all are empty. Raises ModelFileError for what the
    file does not hold."""
    labels = model.labels or ("",) * model.classes
    if len(labels) != model.classes:
        raise ModelFileError(f"{len(labels)} labels for {model.classes} classes: one each")
    texts = [*labels, model.note]
    if not any(texts):
        return b""
    data = "".join(text + "\0" for text in texts).encode()
    if data.count(b"\0") != len(texts) or len(data) > MAX_TEXT_BYTES:
        raise ModelFileError(
            f"labels and note have no zeros, and at most {MAX_TEXT_BYTES - len(texts)} bytes "
            f"together, not {len(data) - len(texts)}"
        )
    return data + bytes(-len(data) % 4)


def _record(layer: LayerRecord, inputs: tuple[int, ...], offsets: list[int]) -> bytes:
    low_flag = next((flag for flag, bits in LOW_BITS.items() if bits == layer.low_bits), 0)
    flags = FLAG_TRAINABLE * layer.trainable + low_flag * (offsets[1] != 0)
    return RECORD.pack(
        KINDS[layer.kind].number,
        KINDS[layer.kind].activations.index(layer.activation),
        flags,
        layer.output_zero_point,
        *(*inputs, NO_SECOND_INPUT)[:2],
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
