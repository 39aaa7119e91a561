"""UNIDIRECTIONAL_SEQUENCE_LSTM of .tflite files, and the slice that takes its last step."""

from __future__ import annotations

import math

import numpy as np

from fqt.importers.graph import Quantization, refuse
from fqt.importers.network import Gates
from fqt.importers.passes.edits import is_same
from fqt.importers.tflite_file import FileOperator
from fqt.importers.tflite_tensors import REPLACE, TfliteTensors
from fqt.kinds import CELL_BITS, LSTM_GATES
from fqt.layers.lstm import NO_LIMIT

# Places among its inputs; of four the gates input, forget, cell, output.
INPUT_WEIGHTS, STATE_WEIGHTS, PEEPHOLES, BIASES = 1, 5, (9, 10, 11), 12
PROJECTION, STATE, CELL, NORMALIZATION = (16, 17), 18, 19, (20, 21, 22, 23)
HIDDEN = 4  # among its intermediates
TANH = 4  # the schema's ActivationFunctionType
AGAIN = "convert the network again"


def gates_of(reader: TfliteTensors, operator: FileOperator) -> Gates:
    """Its parameters. Raises ValueError for what the device's lstm does not do."""
    inputs, options = operator.inputs, operator.options
    present = [place for place, number in enumerate(inputs) if number >= 0]
    for places, what in (
        (PEEPHOLES, "peepholes"),
        (PROJECTION, "a projection"),
        (NORMALIZATION, "layer normalization"),
    ):
        if set(places) & set(present):
            refuse(reader.place, f"it has {what}", "train an LSTM without")
    needed = [*range(PEEPHOLES[0]), *range(BIASES, BIASES + LSTM_GATES), STATE, CELL]
    if not set(needed) <= set(present):
        refuse(reader.place, "it lacks a gate or a state", "train an LSTM with four gates")
    if options["FusedActivationFunction"] != TANH or options["TimeMajor"]:
        refuse(reader.place, "it is time major, or without tanh", "train one with the usual form")
    quantized = reader.file.tensors[inputs[0]].type == "INT8"
    weights, scales = [], []
    for gate in range(LSTM_GATES):
        for first in (INPUT_WEIGHTS, STATE_WEIGHTS):
            values, quantization = _constant(reader, inputs[first + gate], quantized, (0, 1))
            weights.append(values)
            if quantization is not None:
                if len(quantization.scales) > 1:
                    refuse(reader.place, "its weights have a scale a channel", AGAIN)
                scales.append(quantization.scales[0])
    biases = [_constant(reader, inputs[BIASES + g], quantized, (0,))[0] for g in range(LSTM_GATES)]
    units, features = weights[0].shape
    wanted = [(units, features), (units, units)] * LSTM_GATES + [(units,)] * LSTM_GATES
    if [array.shape for array in weights + biases] != wanted:
        refuse(reader.place, "the shapes of its weights do not fit", AGAIN)
    clip = float(options["CellClip"])
    pairs = zip(weights[::2], weights[1::2], strict=True)
    joined = np.stack([np.concatenate(pair, axis=1) for pair in pairs])
    return Gates(
        joined,
        np.stack(biases),
        clip if clip > 0 else NO_LIMIT,
        np.array(scales, np.float32).reshape(LSTM_GATES, 2) if quantized else None,
        _cell_format(reader, operator) if quantized else "none",
    )


def _constant(
    reader: TfliteTensors, number: int, quantized: bool, axes: tuple[int, ...]
) -> tuple[np.ndarray, Quantization | None]:
    tensor = reader.tensors.pop(reader.weights(number, quantized, axes))
    assert tensor.values is not None
    if quantized and tensor.values.itemsize != (1 if len(axes) == 2 else 4):
        refuse(reader.place, "its weights are not int8 with int32 biases", AGAIN)
    return tensor.values, tensor.quantization


def _cell_format(reader: TfliteTensors, operator: FileOperator) -> str:
    """Where the point of the cell state is, as a record says it. Raises ValueError unless its
    scale is a power of two that a device has, and all that is the state of the outputs has their
    range."""
    made = reader.range_of(operator.outputs[0])
    others = [operator.inputs[STATE], *operator.intermediates[HIDDEN : HIDDEN + 1]]
    if not all(is_same(reader.range_of(number), made) for number in others):
        refuse(reader.place, "its state has another int8 range than its output", AGAIN)
    cell = reader.file.tensors[operator.inputs[CELL]]
    scale = float(cell.scales[0]) if len(cell.scales) == 1 else 0.0
    bits = math.log2(scale) + 15 if scale > 0 else -1.0
    if cell.type != "INT16" or bits not in range(len(CELL_BITS)) or cell.zero_points.any():
        refuse(
            reader.place,
            f"its cell state is {cell.type} with the scale {scale:.4g}",
            f"it must be INT16, in powers of two up to +-{2 ** (len(CELL_BITS) - 1)}: " + AGAIN,
        )
    return CELL_BITS[int(bits)]


def takes_last_step(reader: TfliteTensors, operator: FileOperator) -> bool:
    """Whether a slice of [1][steps][units] is its last step."""
    shape = reader.file.tensors[operator.inputs[0]].shape
    given = reader.file.tensors[operator.inputs[0]]
    if len(shape) != 3 or len(operator.inputs) != 4 or given.type not in ("INT8", "FLOAT32"):
        return False
    options = operator.options
    if options["EllipsisMask"] or options["NewAxisMask"]:
        refuse(reader.place, "it adds an axis", REPLACE)
    if any(reader.file.tensors[number].data is None for number in operator.inputs[1:]):
        return False
    begins, ends, strides = (reader.integers(number).ravel() for number in operator.inputs[1:])
    if not len(begins) == len(ends) == len(strides) == 3 or (strides != 1).any():
        return False
    steps = shape[1]
    for axis, (begin, end) in enumerate(zip(begins.tolist(), ends.tolist(), strict=True)):
        start = None if options["BeginMask"] >> axis & 1 else begin
        stop = None if options["EndMask"] >> axis & 1 else end
        first, last, _ = slice(start, stop).indices(shape[axis])
        if options["ShrinkAxisMask"] >> axis & 1:
            last = first + 1
        wanted = (steps - 1, steps) if axis == 1 else (0, shape[axis])
        if (first, last) != wanted:
            return False
    return True
