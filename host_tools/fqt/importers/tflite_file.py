"""A .tflite file as plain objects: what its flatbuffer says, read with the schema package
(`tflite`, optional), before anything is made of it.

Offsets in a flatbuffer are from the file, and the package follows them as they are: whatever goes
wrong while they are followed is told as a damaged file.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import ModuleType

import numpy as np

from fqt.errors import said_by
from fqt.files import looks_like

MAX_OPERATORS = 4096
MAX_TENSORS = 1 << 14
MAX_AXES = 8
# Of each operator that is read: the schema's table of its options, and the fields wanted of it.
OPTIONS = {
    "CONV_2D": (
        "Conv2DOptions",
        "Padding StrideH StrideW DilationHFactor DilationWFactor FusedActivationFunction",
    ),
    "DEPTHWISE_CONV_2D": (
        "DepthwiseConv2DOptions",
        "Padding StrideH StrideW DilationHFactor DilationWFactor FusedActivationFunction",
    ),
    "FULLY_CONNECTED": ("FullyConnectedOptions", "FusedActivationFunction WeightsFormat"),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": (
        "UnidirectionalSequenceLSTMOptions",
        "FusedActivationFunction CellClip TimeMajor",
    ),
    "STRIDED_SLICE": (
        "StridedSliceOptions",
        "BeginMask EndMask EllipsisMask NewAxisMask ShrinkAxisMask",
    ),
    "ADD": ("AddOptions", "FusedActivationFunction"),
    "MUL": ("MulOptions", "FusedActivationFunction"),
    "SUB": ("SubOptions", "FusedActivationFunction"),
    "DIV": ("DivOptions", "FusedActivationFunction"),
    "CONCATENATION": ("ConcatenationOptions", "Axis FusedActivationFunction"),
    "MAX_POOL_2D": (
        "Pool2DOptions",
        "Padding StrideH StrideW FilterHeight FilterWidth FusedActivationFunction",
    ),
    "SOFTMAX": ("SoftmaxOptions", "Beta"),
    "LEAKY_RELU": ("LeakyReluOptions", "Alpha"),
    "GELU": ("GeluOptions", "Approximate"),
    "RESIZE_NEAREST_NEIGHBOR": (
        "ResizeNearestNeighborOptions",
        "AlignCorners HalfPixelCenters",
    ),
    "TRANSPOSE_CONV": (
        "TransposeConvOptions",
        "Padding StrideH StrideW FusedActivationFunction",
    ),
}
OPTIONS["AVERAGE_POOL_2D"] = OPTIONS["MAX_POOL_2D"]


@dataclass(frozen=True)
class FileTensor:
    """type: the schema's name, "INT8". data: the bytes of a constant, or None. scales,
    zero_points, axis: of its quantization; scales is empty without."""

    name: str
    shape: tuple[int, ...]
    type: str
    data: np.ndarray | None
    scales: np.ndarray
    zero_points: np.ndarray
    axis: int
    is_plain: bool


@dataclass(frozen=True)
class FileOperator:
    """name: the schema's, "CONV_2D". inputs, outputs: numbers of tensors, -1 for one left out.
    options: those fields that OPTIONS names. intermediates: tensors that only say a range."""

    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: dict
    intermediates: tuple[int, ...] = ()


@dataclass(frozen=True)
class TfliteFile:
    tensors: list[FileTensor]
    operators: list[FileOperator]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


def read_file(data: bytes) -> TfliteFile:
    """The first subgraph of a file. Raises ValueError for what is no whole .tflite file, and
    RuntimeError that says what to install."""
    schema = _schema()
    if len(data) < 8 or data[4:8] != b"TFL3":
        raise ValueError(
            f"this is no .tflite file{looks_like(data)}: bytes 4 to 8 are not TFL3: fetch or "
            "export it again"
        )
    try:
        return _whole_file(schema, data)
    except Exception as error:  # of struct, numpy, flatbuffers: whatever a wrong offset leads to
        raise ValueError(
            f"the .tflite file is damaged or cut off ({len(data)} bytes): {said_by(error)}: "
            "fetch or export it again"
        ) from None


def _schema() -> ModuleType:
    try:
        import tflite
    except ImportError:
        raise RuntimeError(
            ".tflite files need the package tflite: pip install 'fqt-host[tflite]'"
        ) from None
    return tflite


def _whole_file(schema: ModuleType, data: bytes) -> TfliteFile:
    model = schema.Model.GetRootAs(data, 0)
    subgraph = model.Subgraphs(0)
    if subgraph is None:
        raise ValueError("it has no subgraph")
    counts = subgraph.TensorsLength(), subgraph.OperatorsLength()
    if counts[0] > MAX_TENSORS or counts[1] > MAX_OPERATORS:
        raise ValueError(f"it says that it has {counts[0]} tensors and {counts[1]} operators")
    types = _names(schema.TensorType)
    tensors = [_tensor(model, subgraph.Tensors(i), types) for i in range(counts[0])]
    codes = _names(schema.BuiltinOperator)
    operators = [_operator(schema, model, subgraph.Operators(i), codes) for i in range(counts[1])]
    inputs = _numbers(subgraph.InputsAsNumpy())
    outputs = _numbers(subgraph.OutputsAsNumpy())
    named = {number for one in operators for number in one.inputs + one.outputs}
    named |= {number for one in operators for number in one.intermediates}
    beyond = [i for i in named | {*inputs, *outputs} if not -1 <= i < len(tensors)]
    if beyond or -1 in inputs + outputs:
        raise ValueError(f"it names tensor {(*beyond, -1)[0]}, and has {len(tensors)}")
    return TfliteFile(tensors, operators, inputs, outputs)


def _names(numbers: type) -> dict[int, str]:
    """The schema's numbers, by number."""
    return {value: name for name, value in vars(numbers).items() if isinstance(value, int)}


def _numbers(vector) -> tuple[int, ...]:
    """A vector of the schema's, which gives 0 for one that is left out."""
    return tuple(int(one) for one in vector) if isinstance(vector, np.ndarray) else ()


def _floats(vector, dtype: type) -> np.ndarray:
    return np.array(vector if isinstance(vector, np.ndarray) else [], dtype)


def _tensor(model, tensor, types: dict[int, str]) -> FileTensor:
    shape = _numbers(tensor.ShapeAsNumpy())
    if len(shape) > MAX_AXES or any(extent < 0 for extent in shape):
        raise ValueError(f"a tensor has the shape {shape[:MAX_AXES]}")
    buffer = model.Buffers(tensor.Buffer())
    has_data = buffer is not None and buffer.DataLength() > 0
    quantization = tensor.Quantization()
    axis, scales, zero_points = 0, None, None
    if quantization is not None:
        axis = quantization.QuantizedDimension()
        scales, zero_points = quantization.ScaleAsNumpy(), quantization.ZeroPointAsNumpy()
    return FileTensor(
        (tensor.Name() or b"").decode(errors="replace"),
        shape,
        types.get(tensor.Type(), f"type {tensor.Type()}"),
        buffer.DataAsNumpy() if has_data else None,
        _floats(scales, np.float32),
        _floats(zero_points, np.int64),
        axis,
        tensor.Sparsity() is None and not tensor.IsVariable(),
    )


def _operator(schema: ModuleType, model, operator, codes: dict[int, str]) -> FileOperator:
    code = model.OperatorCodes(operator.OpcodeIndex())
    number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
    name = codes.get(number, f"operator number {number}")
    if name == "CUSTOM":
        name = f"CUSTOM {(code.CustomCode() or b'').decode(errors='replace')}"
    options: dict = {}
    if name in OPTIONS:
        table, fields = OPTIONS[name]
        options = _options(getattr(schema, table)(), operator.BuiltinOptions(), fields.split())
    return FileOperator(
        name,
        _numbers(operator.InputsAsNumpy()),
        _numbers(operator.OutputsAsNumpy()),
        options,
        _numbers(operator.IntermediatesAsNumpy()),
    )


def _options(options, table, fields: list[str]) -> dict:
    if table is None:
        raise ValueError("an operator has no options")
    options.Init(table.Bytes, table.Pos)
    values = {field: getattr(options, field)() for field in fields}
    for field, value in values.items():
        if not math.isfinite(value):
            raise ValueError(f"{field} of an operator is {value}")
    return values
