"""Model files put together field by field, with a right checksum: for files that no tool of ours
writes. Everything that is not said follows; what is said stands in the file as it is."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field

import numpy as np

# natmod/core/model/fqt_file.h: fqt_header_t and fqt_record_t.
HEADER = np.dtype(
    [
        ("magic", "S4"),
        ("major", "u1"),
        ("minor", "u1"),
        ("record_bytes", "<u2"),
        ("file_bytes", "<u4"),
        ("layer_count", "<u2"),
        ("flags", "<u2"),
        ("input", "<u2", 3),
        ("input_type", "u1"),
        ("input_zero_point", "i1"),
        ("input_scale", "<f4"),
        ("random_state", "<u4"),
        ("identity", "<u4"),
        ("step_count", "<u4"),
        ("name", "S16"),
        ("greatest_loss", "<u4"),
        ("loss", "u1"),
        ("maps", "u1"),
        ("text_bytes", "<u2"),
    ]
)
RECORD = np.dtype(
    [
        ("kind", "u1"),
        ("activation", "u1"),
        ("flags", "u1"),
        ("output_zero_point", "i1"),
        ("input", "<u2"),
        ("second_input", "<u2"),
        ("output", "<u2", 3),
        ("window", "u1", 8),  # kernel, stride (height, width), padding (top, bottom, left, right)
        ("reserved", "<u2"),
        ("output_scale", "<f4"),
        ("bias_scale", "<f4"),
        ("error_scale", "<f4"),
        ("output_range", "<u4"),
        ("blobs", "<u4", 4),
        ("name", "S16"),
    ]
)
DENSE, CONV2D, MAX_POOL2D, FLATTEN, DEPTHWISE_CONV2D, AVERAGE_POOL2D, ADD, MULTIPLY = range(1, 9)
TABLE, CONCATENATE, UPSAMPLE2D, LSTM, GRU = 9, 10, 11, 12, 13
NO_WINDOW = (1, 1, 1, 1, 0, 0, 0, 0)
CHECKPOINT = 1
TRAINABLE, LOW_BYTES, LOW_HALVES = 1, 2, 4


@dataclass
class Layer:
    """A layer: fields of its record by name, and its blobs (weights, low bits, weight scales,
    biases). filter_elements: weights of a channel, of which there are as many as the output has
    channels; 0: no blobs."""

    kind: int
    output: tuple[int, int, int]
    filter_elements: int = 0
    fields: dict = field(default_factory=dict)
    blobs: list[bytes] = field(default_factory=list)

    def __post_init__(self):
        channels = self.output[2]
        if self.filter_elements and not self.blobs:
            weights = np.arange(channels * self.filter_elements) % 255 - 127
            scales = np.full(channels, 1 / 1024, "<f4").tobytes()
            self.blobs = [weights.astype("i1").tobytes(), b"", scales, bytes(4 * channels)]


def forge(layers: list[Layer], shape=(4, 4, 2), behind: bytes = b"", **fields) -> bytes:
    """The file. shape: of the input; fields: of the header; behind: bytes between the last blob
    and the checksum."""
    header = np.zeros((), HEADER)
    records = np.zeros(len(layers), RECORD)
    blobs = b""
    start = HEADER.itemsize + RECORD.itemsize * len(layers)
    for i, layer in enumerate(layers):
        record = records[i]
        weighted = bool(layer.blobs)
        said = {
            "kind": layer.kind,
            "output": layer.output,
            "flags": TRAINABLE if weighted else 0,
            "input": i,
            "second_input": 0xFFFF,
            "window": NO_WINDOW,
            "output_scale": 1.0,
            "bias_scale": 1.0 if weighted else 0.0,
            "output_range": 62415,
            "name": b"l%d" % (i + 1),
            **layer.fields,
        }
        places = []
        for blob in layer.blobs or [b""] * 4:
            places.append(start + len(blobs) if blob else 0)
            blobs += blob + bytes(-len(blob) % 4)
        for name, value in {"blobs": places, **said}.items():
            record[name] = value
    file_bytes = start + len(blobs) + len(behind) + 4
    said = {
        "magic": b"FQT\x1a",
        "major": 2,
        "minor": 6,
        "record_bytes": RECORD.itemsize,
        "file_bytes": file_bytes,
        "layer_count": len(layers),
        "input": shape,
        "input_scale": 1.0,
        "random_state": 1,
        "identity": 7,
        "name": b"forged",
        **fields,
    }
    for name, value in said.items():
        header[name] = value
    return sealed(header.tobytes() + records.tobytes() + blobs + behind)


def sealed(data: bytes) -> bytes:
    """The bytes with their checksum behind them."""
    return data + zlib.crc32(data).to_bytes(4, "little")
