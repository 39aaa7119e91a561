"""The layout of a model file: its structures, numbers and names (natmod/core/model/fqt_file.h)."""

from __future__ import annotations

import struct

MAJOR, MINOR = 2, 6  # of the file format (natmod/core/model/fqt_file.h says what each means)
MAGIC = b"FQT\x1a"
HEADER = struct.Struct("<4sBBHIHHHHHBbfIII16sIBBH")
IDENTITY, STEP_COUNT = 14, 15  # places in it
RECORD = struct.Struct("<BBBbHHHHHBBBBBBBBHfffiIIII16s")
CHECKSUM_BYTES = 4
MAX_LAYERS = 128
MAX_FILE_BYTES = 1 << 28
MAX_OUTPUTS = 4096
MAX_TEXT_BYTES = 0xFFFC
MAX_RANGE = 1 << 30
MAX_WORK = 1 << 30  # multiply-adds of a forward pass
NO_SECOND_INPUT = 0xFFFF
OUTPUT_RANGE_START = 62415
TABLE_ENTRIES = 256

INPUT_TYPES = {"int8": 0, "uint8": 1}
INPUT_TYPE_NAMES = {number: name for name, number in INPUT_TYPES.items()}
LOSSES = {
    "softmax_cross_entropy": 0,
    "mean_squared_error": 1,
    "binary_cross_entropy": 2,
    "pixelwise_cross_entropy": 3,
}
LOSS_NAMES = {number: name for name, number in LOSSES.items()}
FLAG_CHECKPOINT = 1
FLAG_TRAINABLE = 1
FLAG_LOW_BYTES = 2
FLAG_LOW_HALVES = 4
LOW_BITS = {FLAG_LOW_BYTES: 8, FLAG_LOW_HALVES: 4}  # of each weight, by the flag that says so
MAP_INPUT = 1
MAP_OUTPUT = 2
