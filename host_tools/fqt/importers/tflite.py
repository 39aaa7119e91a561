"""The reader of .tflite files (TensorFlow Lite, LiteRT), int8 and float32, as a graph.

Weights come to [out][kernel height][kernel width][in per group], and are made float32 where they
alone are int8 or float16 (dynamic range). The batch of 1 makes the shape that a network with a
dynamic batch computes for a RESHAPE (SHAPE, STRIDED_SLICE, PACK) that of its output in the file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from fqt.importers.graph import Graph, Operation, Tensor, check_graph, refuse
from fqt.importers.passes.constants import fold_constants
from fqt.importers.tflite_file import FileOperator, TfliteFile, read_file
from fqt.importers.tflite_lstm import gates_of, takes_last_step
from fqt.importers.tflite_tensors import REPLACE, TfliteTensors
from fqt.importers.upsampling import check_nearest, factors_of, transposed_padding, turned

OF_SHAPES = ("SHAPE", "STRIDED_SLICE", "PACK")
SAME, VALID = 0, 1  # the schema's Padding
ACTIVATIONS = {0: "none", 1: "relu", 3: "relu6"}  # ActivationFunctionType


def read(data: bytes) -> Graph:
    """data: a .tflite file's bytes. Raises ValueError for what is damaged or cannot be taken,
    naming the operator and its place; RuntimeError that says what to install."""
    return _Reader(read_file(data)).graph()


class _Reader(TfliteTensors):
    """The operators of a file as operations of the graph."""

    def __init__(self, file: TfliteFile):
        super().__init__(file)
        self.operations: list[Operation] = []
        self.shapes: set[int] = set()  # tensors that are the computed shape of others

    def graph(self) -> Graph:
        self._check_operators()
        ends = [self._end("inputs", self.file.inputs), self._end("outputs", self.file.outputs)]
        for number, operator in enumerate(self.file.operators, 1):
            self.place = f"operator {number}, {operator.name}"
            self._check_inputs(operator)
            OPERATORS[operator.name](self, operator)
        first, last = map(self.name, ends)
        graph = Graph(self.tensors, self.operations, first, last, source=".tflite")
        if self.file.tensors[ends[0]].type == "UINT8":
            graph.input_type = "uint8"
        fold_constants(check_graph(graph))
        return graph

    def _check_operators(self) -> None:
        """Of all operators, so that one message names every kind that cannot be taken."""
        unknown: dict[str, int] = {}
        for number, operator in enumerate(self.file.operators, 1):
            if operator.name not in OPERATORS:
                unknown.setdefault(operator.name, number)
        if unknown:
            first = next(iter(unknown))
            others = f" (nor {', '.join(list(unknown)[1:])})" if len(unknown) > 1 else ""
            refuse(f"operator {unknown[first]}, {first}", f"no layer does this{others}", REPLACE)

    def _end(self, what: str, numbers: tuple[int, ...]) -> int:
        if len(numbers) != 1:
            raise ValueError(
                f"the network has {len(numbers)} {what}, a model has one: export the part with "
                "one input and one output"
            )
        return numbers[0]

    def _check_inputs(self, operator: FileOperator) -> None:
        if len(operator.outputs) != 1:
            refuse(self.place, f"it has {len(operator.outputs)} outputs", REPLACE)
        if not operator.inputs or -1 in operator.inputs[:2]:
            refuse(self.place, "an input is left out", "export the network again")
        least = 1 if operator.name in ONE_INPUT else 2
        if len(operator.inputs) < least:
            refuse(self.place, f"it has {len(operator.inputs)} inputs", "export it again")

    def add(self, kind: str, operator: FileOperator, inputs: tuple[str, ...], **attributes):
        self.operations.append(
            Operation(kind, inputs, self.name(operator.outputs[0]), attributes, self.place)
        )

    def activation(self, operator: FileOperator) -> str:
        number = operator.options["FusedActivationFunction"]
        if number not in ACTIVATIONS:
            refuse(self.place, f"its fused activation function is number {number}", REPLACE)
        return ACTIVATIONS[number]

    def window(self, operator: FileOperator, kernel: tuple[int, ...], dilation=(1, 1)) -> dict:
        """stride and padding, of TensorFlow's rule."""
        options = operator.options
        stride = options["StrideH"], options["StrideW"]
        if min(*stride, *kernel, *dilation) < 1 or options["Padding"] not in (SAME, VALID):
            refuse(self.place, "its window is none", "the file is damaged, export it again")
        padding: list[int] = []
        shape = self.shape(operator.inputs[0], 4)[1:3]
        for size, taps, step, apart in zip(shape, kernel, stride, dilation, strict=True):
            reach = (taps - 1) * apart + 1
            total = max((-(-size // step) - 1) * step + reach - size, 0)
            total *= options["Padding"] == SAME
            padding += [total // 2, total - total // 2]
        return {"stride": stride, "padding": tuple(padding)}


def _weighted(reader: _Reader, operator: FileOperator, axes: tuple[int, ...]) -> tuple[str, ...]:
    """The input, the weights with their axes in that order, and the biases that there are."""
    quantized = reader.file.tensors[operator.inputs[0]].type == "INT8"
    given = reader.name(operator.inputs[0])
    inputs: tuple[str, ...] = (given, reader.weights(operator.inputs[1], quantized, axes))
    if len(operator.inputs) > 2 and operator.inputs[2] >= 0:
        inputs += (reader.weights(operator.inputs[2], quantized, (0,)),)
    return inputs


def _convolution(reader: _Reader, operator: FileOperator, axes: tuple[int, ...]) -> None:
    channels = reader.shape(operator.inputs[0], 4)[3]
    weights = reader.shape(operator.inputs[1], 4)
    is_depthwise = operator.name == "DEPTHWISE_CONV_2D"
    options = operator.options
    dilation = options["DilationHFactor"], options["DilationWFactor"]
    groups = channels if is_depthwise else max(channels // weights[3], 1)
    reader.add(
        "convolution",
        operator,
        _weighted(reader, operator, axes),
        groups=groups,
        dilation=dilation,
        activation=reader.activation(operator),
        **reader.window(operator, weights[1:3], dilation),
    )


def _resize(reader: _Reader, operator: FileOperator) -> None:
    given = reader.shape(operator.inputs[0], 4)[1:3]
    factors = factors_of(reader.place, given, reader.shape(operator.outputs[0], 4)[1:3])
    options = operator.options
    aligned = "align_corners" if options["AlignCorners"] else "asymmetric"
    coordinates = "tf_half_pixel_for_nn" if options["HalfPixelCenters"] else aligned
    rounding = "round_prefer_ceil" if options["AlignCorners"] else "floor"
    for size, factor in zip(given, factors, strict=True):
        check_nearest(reader.place, size, factor, coordinates, rounding)
    name = reader.name(operator.inputs[0])
    if factors == (1, 1):
        reader.add("reshape", operator, (name,))
        return
    reader.add("upsample", operator, (name,), factors=factors, fill="nearest")


def _transposed_convolution(reader: _Reader, operator: FileOperator) -> None:
    if len(operator.inputs) < 3:
        refuse(reader.place, f"it has {len(operator.inputs)} inputs", "export it again")
    _, weights, given, *biases = operator.inputs
    quantized = reader.file.tensors[given].type == "INT8"
    name, shape = reader.name(given), reader.shape(given, 4)
    kernel = reader.shape(weights, 4)[1:3]
    made = reader.shape(operator.outputs[0], 4)
    options = operator.options
    stride = options["StrideH"], options["StrideW"]
    if min(*stride, *kernel) < 1 or options["Padding"] not in (SAME, VALID):
        refuse(reader.place, "its window is none", "the file is damaged, export it again")
    cut = []  # as the convolution pads that goes the other way
    for size, output, taps, step in zip(shape[1:3], made[1:3], kernel, stride, strict=True):
        total = max((size - 1) * step + taps - output, 0) * (options["Padding"] == SAME)
        cut.append(total // 2)
    padding = transposed_padding(reader.place, shape[1:3], made[1:3], kernel, stride, tuple(cut))
    parameters = [reader.weights(weights, quantized, (0, 1, 2, 3))]
    tensor = reader.tensors[parameters[0]]
    assert tensor.values is not None
    reader.tensors[parameters[0]] = replace(tensor, values=turned(tensor.values))
    if biases and biases[0] >= 0:
        parameters.append(reader.weights(biases[0], quantized, (0,)))
    if stride != (1, 1):
        spread = (1, shape[1] * stride[0], shape[2] * stride[1], shape[3])
        before, name = name, f"{name}, apart"
        reader.tensors[name] = Tensor(name, spread, None, reader.tensors[before].quantization)
        attributes = {"factors": stride, "fill": "zeros"}
        reader.operations.append(Operation("upsample", (before,), name, attributes, reader.place))
    reader.add(
        "convolution",
        operator,
        (name, *parameters),
        groups=1,
        dilation=(1, 1),
        activation=reader.activation(operator),
        stride=(1, 1),
        padding=padding,
    )


def _dense(reader: _Reader, operator: FileOperator) -> None:
    if operator.options["WeightsFormat"] != 0:
        refuse(reader.place, "its weights are shuffled", "convert the network again")
    inputs = _weighted(reader, operator, (0, 1))
    reader.add("dense", operator, inputs, activation=reader.activation(operator))


def _pool(reader: _Reader, operator: FileOperator, kind: str) -> None:
    options = operator.options
    kernel = options["FilterHeight"], options["FilterWidth"]
    reader.add(
        kind,
        operator,
        (reader.name(operator.inputs[0]),),
        kernel=kernel,
        activation=reader.activation(operator),
        **reader.window(operator, kernel),
    )


def _two_inputs(reader: _Reader, operator: FileOperator) -> None:
    """An addition or the like of two layers' outputs, or of one and float constants."""
    first, second = operator.inputs[:2]
    if reader.is_float_constant(first) and operator.name in COMMUTE:
        first, second = second, first
    if reader.is_float_constant(second) and not reader.is_float_constant(first):
        _constants(reader, operator, first, reader.constant(second).astype(np.float32))
        return
    kind = {"ADD": "add", "MUL": "multiply"}.get(operator.name)
    if kind is None:
        refuse(reader.place, "no layer does this with two computed inputs, or in int8", REPLACE)
    inputs = tuple(reader.name(number) for number in operator.inputs[:2])
    reader.add(kind, operator, inputs, activation=reader.activation(operator))


def _constants(reader: _Reader, operator: FileOperator, given: int, values: np.ndarray) -> None:
    """output = given * factor + shift."""
    factor, shift = np.ones(1), np.zeros(1)
    match operator.name:
        case "ADD":
            shift = values
        case "SUB":
            shift = -values
        case "MUL":
            factor = values
        case "DIV":
            if not values.all():
                refuse(reader.place, "it divides by 0", "train the network again")
            factor = 1 / values
    name, function = reader.name(given), reader.activation(operator)
    constants = {"factor": factor, "shift": shift}
    if function == "none":
        reader.add("affine", operator, (name,), **constants)
        return
    sums = f"{reader.name(operator.outputs[0])}, before {function}"
    reader.tensors[sums] = Tensor(sums, reader.tensors[reader.name(operator.outputs[0])].shape)
    reader.operations.append(Operation("affine", (name,), sums, constants, reader.place))
    reader.add("activation", operator, (sums,), function=function, axis=None, parameter=0.0)


def _concatenation(reader: _Reader, operator: FileOperator) -> None:
    count = len(reader.file.tensors[operator.inputs[0]].shape)
    inputs = tuple(reader.name(number) for number in operator.inputs)
    axis = int(operator.options["Axis"]) % max(count, 1)
    activation = reader.activation(operator)
    reader.add("concatenate", operator, inputs, axis=axis, activation=activation)


def _mean(reader: _Reader, operator: FileOperator) -> None:
    count = len(reader.file.tensors[operator.inputs[0]].shape)
    axes = tuple(int(axis) % max(count, 1) for axis in reader.integers(operator.inputs[1]).flat)
    reader.add("mean", operator, (reader.name(operator.inputs[0]),), axes=axes)


def _pad(reader: _Reader, operator: FileOperator) -> None:
    rows = reader.integers(operator.inputs[1])
    axes = len(reader.file.tensors[operator.inputs[0]].shape)
    if rows.shape != (axes, 2) or rows.min(initial=0) < 0:
        refuse(reader.place, f"its paddings are {rows.tolist()}", "export the network again")
    padding = tuple((int(before), int(after)) for before, after in rows)
    reader.add("pad", operator, (reader.name(operator.inputs[0]),), padding=padding)


def _transpose(reader: _Reader, operator: FileOperator) -> None:
    axes = tuple(int(axis) for axis in reader.integers(operator.inputs[1]).flat)
    if sorted(axes) != list(range(len(reader.file.tensors[operator.inputs[0]].shape))):
        refuse(reader.place, f"its axes are {axes}", "export the network again")
    reader.add("transpose", operator, (reader.name(operator.inputs[0]),), axes=axes)


def _shape(reader: _Reader, operator: FileOperator) -> None:
    """Part of the shape that a RESHAPE takes: what it gives is in the RESHAPE's output."""
    of_shapes = [
        number
        for number in operator.inputs
        if reader.file.tensors[number].data is None and number not in reader.shapes
    ]
    if of_shapes and operator.name != "SHAPE":
        refuse(reader.place, "no layer does this to samples", REPLACE)
    reader.shapes.add(operator.outputs[0])


def _slice(reader: _Reader, operator: FileOperator) -> None:
    """Of the steps of an LSTM the last, or part of the shape that a RESHAPE takes."""
    if operator.inputs[0] in reader.shapes or not takes_last_step(reader, operator):
        _shape(reader, operator)
        return
    _move(reader, operator, "last_step")


def _move(reader: _Reader, operator: FileOperator, kind: str) -> None:
    reader.add(kind, operator, (reader.name(operator.inputs[0]),))


def _dequantize(reader: _Reader, operator: FileOperator) -> None:
    if reader.file.tensors[operator.inputs[0]].data is None:  # else weights: see constant
        _move(reader, operator, "dequantize")


def _function(reader: _Reader, operator: FileOperator, function: str) -> None:
    axis = None
    if function in ("softmax", "log_softmax"):
        axis = len(reader.file.tensors[operator.inputs[0]].shape) - 1
        if operator.options.get("Beta", 1.0) != 1.0:
            refuse(reader.place, f"its beta is {operator.options['Beta']}, not 1", REPLACE)
    given = (reader.name(operator.inputs[0]),)
    # An ELU's alpha is 1: it has no options.
    if function == "gelu" and operator.options["Approximate"]:
        function = "gelu_tanh"
    parameter = {"leaky_relu": operator.options.get("Alpha"), "elu": 1.0}.get(function) or 0.0
    reader.add("activation", operator, given, function=function, axis=axis, parameter=parameter)


COMMUTE = ("ADD", "MUL")
ONE_INPUT: tuple[str, ...] = (
    "SHAPE",
    "PACK",
    "RESHAPE",
    "SQUEEZE",
    "QUANTIZE",
    "DEQUANTIZE",
    "SOFTMAX",
)
ONE_INPUT += ("LOG_SOFTMAX", "LOGISTIC", "RELU", "RELU6", "MAX_POOL_2D", "AVERAGE_POOL_2D")
ONE_INPUT += ("TANH", "LEAKY_RELU", "ELU", "HARD_SWISH", "GELU")
OPERATORS: dict[str, Callable[[_Reader, FileOperator], None]] = {
    "CONV_2D": lambda reader, one: _convolution(reader, one, (0, 1, 2, 3)),
    "DEPTHWISE_CONV_2D": lambda reader, one: _convolution(reader, one, (3, 1, 2, 0)),
    "FULLY_CONNECTED": _dense,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": lambda reader, one: reader.add(
        "lstm", one, (reader.name(one.inputs[0]),), gates=gates_of(reader, one)
    ),
    "RESIZE_NEAREST_NEIGHBOR": _resize,
    "TRANSPOSE_CONV": _transposed_convolution,
    **{name: _two_inputs for name in ("ADD", "SUB", "MUL", "DIV")},
    "CONCATENATION": _concatenation,
    "MAX_POOL_2D": lambda reader, one: _pool(reader, one, "max_pool"),
    "AVERAGE_POOL_2D": lambda reader, one: _pool(reader, one, "average_pool"),
    "MEAN": _mean,
    "PAD": _pad,
    "TRANSPOSE": _transpose,
    "QUANTIZE": lambda reader, one: _move(reader, one, "quantize"),
    "DEQUANTIZE": _dequantize,
    **{name: _shape for name in OF_SHAPES},
    "STRIDED_SLICE": _slice,
    **{
        name: lambda reader, one: _move(reader, one, "reshape")
        for name in ("RESHAPE", "SQUEEZE", "EXPAND_DIMS")
    },
    "SOFTMAX": lambda reader, one: _function(reader, one, "softmax"),
    "LOG_SOFTMAX": lambda reader, one: _function(reader, one, "log_softmax"),
    "LOGISTIC": lambda reader, one: _function(reader, one, "sigmoid"),
    "RELU": lambda reader, one: _function(reader, one, "relu"),
    "RELU6": lambda reader, one: _function(reader, one, "relu6"),
    "TANH": lambda reader, one: _function(reader, one, "tanh"),
    "LEAKY_RELU": lambda reader, one: _function(reader, one, "leaky_relu"),
    "ELU": lambda reader, one: _function(reader, one, "elu"),
    "HARD_SWISH": lambda reader, one: _function(reader, one, "hard_swish"),
    "GELU": lambda reader, one: _function(reader, one, "gelu"),
}
