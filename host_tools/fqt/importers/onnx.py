"""The reader of .onnx files (PyTorch, Keras and others), float32 and int8 (QDQ), as a graph.

onnxruntime has simplified the nodes before (fqt.importers.onnx_file). Batch normalisation is one
of those that multiply and shift channels by constants (fqt.importers.passes.constants).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from fqt.importers.graph import Graph, Quantization, check_graph, refuse
from fqt.importers.onnx_checks import ML
from fqt.importers.onnx_file import FileNode, read_file
from fqt.importers.onnx_functions import FUNCTIONS
from fqt.importers.onnx_graph import REPLACE, OnnxGraph
from fqt.importers.onnx_int8 import make_int8
from fqt.importers.onnx_recurrent import gru, lstm, pick
from fqt.importers.onnx_windows import window_of
from fqt.importers.passes.constants import fold_constants
from fqt.importers.upsampling import check_nearest, factors_of, transposed_padding, turned


def read(data: bytes) -> Graph:
    """data: an .onnx file's bytes. Raises ValueError for what is damaged or cannot be taken,
    naming the node and its place; RuntimeError that says what to install."""
    return _Reader(read_file(data)).graph()


class _Reader(OnnxGraph):
    """The nodes of a file as operations of the graph."""

    def graph(self) -> Graph:
        self._check_operators()
        self.computed(self.file.input)
        for node in self.file.nodes:
            self.place = node.place
            several = node.operator not in ("LSTM", "GRU") and any(
                map(self.is_read, node.outputs[1:])
            )
            if not node.inputs or several:
                refuse(self.place, f"{len(node.outputs)} of its outputs are used", REPLACE)
            OPERATORS[node.operator](self, node)
        graph = Graph(self.tensors, self.operations, self.file.input, self.file.output)
        graph.channels_first, graph.source = True, ".onnx"
        graph.labels = self.file.labels
        check_graph(graph)
        fold_constants(graph)
        if any(one.kind == "quantize" for one in self.operations):
            make_int8(graph, self.scales)
        return graph

    def _check_operators(self) -> None:
        """Of all nodes, so that one message names every kind that cannot be taken."""
        unknown: dict[str, FileNode] = {}
        for node in self.file.nodes:
            if node.domain or node.operator not in OPERATORS:
                unknown.setdefault(node.written, node)
        if unknown:
            first, *others = unknown
            also = f" (nor {', '.join(others)})" if others else ""
            advice = OF_ML if unknown[first].domain == ML else REPLACE
            refuse(unknown[first].place, f"no layer does this{also}", advice)


def _convolution(reader: _Reader, node: FileNode) -> None:
    weights = reader.parameter(node, 1)
    axes = len(reader.shape(node.inputs[0])) - 2
    if weights.ndim != axes + 2:
        refuse(reader.place, f"weights {weights.shape} on {axes} axes", "export it again")
    window = window_of(reader.place, node, reader.shape(node.inputs[0]), weights.shape[2:])
    if axes == 1:
        weights = weights[:, :, None, :]
    biases = reader.biases(node, len(weights))
    parameters = reader.parameters(node, weights.transpose(0, 2, 3, 1), biases)
    del window["kernel"]
    groups = node.attributes.get("group", 1)
    reader.image(node, "convolution", parameters, groups=groups, activation="none", **window)


def _transposed_convolution(reader: _Reader, node: FileNode) -> None:
    weights = reader.parameter(node, 1)
    given, output = reader.computed(node.inputs[0]), reader.computed(node.outputs[0])
    shape, made, attributes = reader.shape(given), reader.shape(output), node.attributes
    stride = tuple(attributes.get("strides", (1, 1)))
    pads = tuple(attributes.get("pads", (0, 0, 0, 0)))
    if weights.ndim != 4 or len(shape) != 4 or len(stride) != 2 or min(stride) < 1:
        refuse(reader.place, f"weights {weights.shape} on {shape}", "it is over two axes")
    if attributes.get("group", 1) != 1 or set(attributes.get("dilations", (1,))) != {1}:
        refuse(reader.place, "it has groups or dilations", "a transposed convolution is without")
    is_padded = attributes.get("auto_pad", b"NOTSET") in (b"NOTSET", b"VALID")
    if not is_padded or "output_shape" in attributes or len(pads) != 4:
        refuse(reader.place, "its padding is not in numbers", "export it with pads")
    kernel = weights.shape[2:]
    padding = transposed_padding(reader.place, shape[2:], made[2:], kernel, stride, pads[:2])
    biases = reader.biases(node, weights.shape[1])
    parameters = reader.parameters(node, turned(weights.transpose(1, 2, 3, 0)), biases)
    if stride != (1, 1):
        spread = (*shape[:2], shape[2] * stride[0], shape[3] * stride[1])
        before, given = given, reader.new(f"{output}, apart", spread)
        reader.add("upsample", (before,), given, factors=stride, fill="zeros")
    reader.add(
        "convolution",
        (given, *parameters),
        output,
        groups=1,
        dilation=(1, 1),
        activation="none",
        stride=(1, 1),
        padding=padding,
    )


def _resize(reader: _Reader, node: FileNode) -> None:
    """Resize and Upsample, which is without modes."""
    given, output = reader.computed(node.inputs[0]), reader.computed(node.outputs[0])
    shape, made, attributes = reader.shape(given), reader.shape(output), node.attributes
    if attributes.get("mode", b"nearest") != b"nearest":
        refuse(reader.place, f"its mode is {attributes['mode'].decode()}", "nearest is taken")
    if len(shape) != 4 or shape[:2] != made[:2]:
        refuse(reader.place, f"{shape} becomes {made}", "height and width of images are upsampled")
    factors = factors_of(reader.place, shape[2:], made[2:])
    is_resize = node.operator == "Resize" and reader.file.opset > 10
    modes = [
        attributes.get(name, default).decode() if is_resize else usual
        for name, default, usual in (
            ("coordinate_transformation_mode", b"half_pixel", "asymmetric"),
            ("nearest_mode", b"round_prefer_floor", "floor"),
        )
    ]
    for size, factor in zip(shape[2:], factors, strict=True):
        check_nearest(reader.place, size, factor, *modes)
    if factors == (1, 1):
        reader.add("reshape", (given,), output)
        return
    reader.add("upsample", (given,), output, factors=factors, fill="nearest")


def _pool(reader: _Reader, node: FileNode, kind: str) -> None:
    kernel = tuple(node.attributes.get("kernel_shape", ()))
    window = window_of(reader.place, node, reader.shape(node.inputs[0]), kernel)
    if set(window.pop("dilation")) != {1}:
        refuse(reader.place, "its window has holes (dilations)", "pool without")
    if node.attributes.get("count_include_pad") and any(window["padding"]):
        refuse(reader.place, "it counts its padding", "average pooling is without padding")
    reader.image(node, kind, activation="none", **window)


def _dense(reader: _Reader, node: FileNode) -> None:
    """Gemm and MatMul, whose attributes are those that Gemm has when they are left out."""
    attributes = node.attributes
    weights = reader.parameter(node, 1)
    if attributes.get("transA") or weights.ndim != 2:
        refuse(reader.place, "its input is transposed, or its weights no matrix", REPLACE)
    weights = (weights if attributes.get("transB") else weights.T) * attributes.get("alpha", 1.0)
    biases = reader.biases(node, len(weights)) * attributes.get("beta", 1.0)
    parameters = reader.parameters(node, weights, biases)
    given, output = reader.computed(node.inputs[0]), reader.computed(node.outputs[0])
    reader.add("dense", (given, *parameters), output, activation="none")


def _two_inputs(reader: _Reader, node: FileNode) -> None:
    """An addition and the like of two layers' outputs, or of one and constants."""
    constants = reader.file.constants
    if node.inputs[0] in constants and node.operator in ("Add", "Mul"):
        node = replace(node, inputs=node.inputs[::-1])
    if node.inputs[1] not in constants:
        kind = {"Add": "add", "Mul": "multiply"}.get(node.operator)
        if kind is None:
            refuse(reader.place, "no layer does this with two computed inputs", REPLACE)
        names = [reader.computed(name) for name in (*node.inputs, node.outputs[0])]
        reader.add(kind, (names[0], names[1]), names[2], activation="none")
        return
    values = reader.parameter(node, 1)
    one, none = np.ones((), np.float32), np.zeros((), np.float32)
    match node.operator:
        case "Add":
            reader.affine(node, one, values)
        case "Sub":
            reader.affine(node, one, -values)
        case "Mul":
            reader.affine(node, values, none)
        case "Div":
            with np.errstate(divide="ignore"):
                reader.affine(node, 1 / values, none)


def _concatenation(reader: _Reader, node: FileNode) -> None:
    names = [reader.computed(name) for name in node.inputs]
    axis = int(node.attributes.get("axis", 1)) % len(reader.shape(names[0]))
    output = reader.computed(node.outputs[0])
    reader.add("concatenate", tuple(names), output, axis=axis, activation="none")


def _batch_normalization(reader: _Reader, node: FileNode) -> None:
    if node.attributes.get("training_mode"):
        refuse(reader.place, "it was exported to train", "export after model.eval()")
    scale, shift, mean, variance = (reader.parameter(node, number) for number in range(1, 5))
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = scale / np.sqrt(variance + np.float32(node.attributes.get("epsilon", 1e-5)))
    shape = (-1, *[1] * (len(reader.shape(node.inputs[0])) - 2))
    reader.affine(node, factor.reshape(shape), (shift - mean * factor).reshape(shape))


def _mean(reader: _Reader, node: FileNode) -> None:
    count = len(reader.shape(node.inputs[0]))
    if node.operator == "GlobalAveragePool":
        axes = list(range(2, count))
    else:
        given = node.attributes.get("axes", reader.constant(node, 1))
        axes = list(range(count)) if given is None else [int(axis) % count for axis in given]
    given, output = reader.computed(node.inputs[0]), reader.computed(node.outputs[0])
    reader.add("mean", (given,), output, axes=tuple(axes))


def _pad(reader: _Reader, node: FileNode) -> None:
    count = len(reader.shape(node.inputs[0]))
    sides = node.attributes.get("pads", reader.constant(node, 1))
    value = node.attributes.get("value", reader.constant(node, 2, 0.0))
    axes = [int(axis) % count for axis in reader.constant(node, 3, np.arange(count))]
    is_zeros = node.attributes.get("mode", b"constant") == b"constant" and not np.any(value)
    if sides is None or len(sides) != 2 * len(axes) or min(sides) < 0 or not is_zeros:
        refuse(reader.place, "it does not pad with zeros", REPLACE)
    rows = [(0, 0)] * count
    for i, axis in enumerate(axes):
        rows[axis] = int(sides[i]), int(sides[len(axes) + i])
    given, output = reader.computed(node.inputs[0]), reader.computed(node.outputs[0])
    reader.add("pad", (given,), output, padding=tuple(rows))


def _transpose(reader: _Reader, node: FileNode) -> None:
    given, output = reader.computed(node.inputs[0]), reader.computed(node.outputs[0])
    shape = reader.file.shapes[node.inputs[0]]
    axes = node.attributes.get("perm", range(len(shape))[::-1])
    kept = [axis for axis in axes if shape[axis] != 1]
    if kept == sorted(kept):  # the batch alone moves, and other axes of one element
        reader.move(node)
        return
    reader.add("transpose", (given,), output, axes=tuple(axes))


def _quantize(reader: _Reader, node: FileNode) -> None:
    given, output = reader.computed(node.inputs[0]), reader.computed(node.outputs[0])
    scales, zero_points = reader.quantization(node)
    if len(scales) != 1 or zero_points.dtype not in (np.int8, np.uint8):
        refuse(reader.place, "it is not int8 or uint8, with one scale", "quantize it again")
    shift = 128 if zero_points.dtype == np.uint8 else 0
    quantization = Quantization(scales, zero_points.astype(np.int64) - shift)
    reader.tensors[output] = replace(reader.tensors[output], quantization=quantization)
    reader.add("quantize", (given,), output)


def _dequantize(reader: _Reader, node: FileNode) -> None:
    """Of constants at once: they are weights, whose scales are noted."""
    name = node.inputs[0]
    if name not in reader.file.constants:
        reader.add("dequantize", (reader.computed(name),), reader.computed(node.outputs[0]))
        return
    values = reader.file.constants[name]
    scales, zero_points = reader.quantization(node)
    shape = [1] * values.ndim
    if len(scales) > 1:
        axis = node.attributes.get("axis", 1) % values.ndim
        if values.shape[axis] != len(scales):
            refuse(reader.place, "its scales are not one a channel", "quantize it again")
        shape[axis] = -1
    numbers = values.astype(np.float64) - zero_points.astype(np.float64).reshape(shape)
    dequantized = (numbers * scales.reshape(shape)).astype(np.float32)
    reader.file.constants[node.outputs[0]] = dequantized
    reader.scales[node.outputs[0]] = scales


OF_ML = (
    "of scikit-learn, scalers, linear models and MLP networks are taken: do the rest to the "
    "samples yourself"
)
OPERATORS: dict[str, Callable[[_Reader, FileNode], None]] = {
    "Conv": _convolution,
    "ConvTranspose": _transposed_convolution,
    "Concat": _concatenation,
    "Resize": _resize,
    "Upsample": _resize,
    "QuantizeLinear": _quantize,
    "DequantizeLinear": _dequantize,
    "Gemm": _dense,
    "MatMul": _dense,
    "MaxPool": lambda reader, node: _pool(reader, node, "max_pool"),
    "AveragePool": lambda reader, node: _pool(reader, node, "average_pool"),
    "GlobalAveragePool": _mean,
    "ReduceMean": _mean,
    **{name: _two_inputs for name in ("Add", "Sub", "Mul", "Div")},
    "LSTM": lstm,
    "GRU": gru,
    "Gather": pick,
    "Slice": pick,
    "BatchNormalization": _batch_normalization,
    "Pad": _pad,
    "Transpose": _transpose,
    **{
        name: _Reader.move
        for name in (
            "Reshape",
            "Flatten",
            "Squeeze",
            "Unsqueeze",
            "Identity",
            "Dropout",
        )
    },
    **FUNCTIONS,
}
