"""Small .tflite files for tests, made with the schema's classes that LiteRT brings."""

from __future__ import annotations

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

TYPES = {
    np.dtype(name): getattr(schema.TensorType, name.upper())
    for name in ("float32", "float16", "int8", "uint8", "int16", "int32")
}
OPTIONS = {
    "CONV_2D": schema.Conv2DOptionsT,
    "DEPTHWISE_CONV_2D": schema.DepthwiseConv2DOptionsT,
    "FULLY_CONNECTED": schema.FullyConnectedOptionsT,
    "ADD": schema.AddOptionsT,
    "MUL": schema.MulOptionsT,
    "SUB": schema.SubOptionsT,
    "DIV": schema.DivOptionsT,
    "MAX_POOL_2D": schema.Pool2DOptionsT,
    "AVERAGE_POOL_2D": schema.Pool2DOptionsT,
    "SOFTMAX": schema.SoftmaxOptionsT,
    "LEAKY_RELU": schema.LeakyReluOptionsT,
    "GELU": schema.GeluOptionsT,
    "HARD_SWISH": schema.HardSwishOptionsT,
    "MEAN": schema.ReducerOptionsT,
    "RESHAPE": schema.ReshapeOptionsT,
    "SHAPE": schema.ShapeOptionsT,
    "PACK": schema.PackOptionsT,
    "STRIDED_SLICE": schema.StridedSliceOptionsT,
    "CONCATENATION": schema.ConcatenationOptionsT,
    "RESIZE_NEAREST_NEIGHBOR": schema.ResizeNearestNeighborOptionsT,
    "TRANSPOSE_CONV": schema.TransposeConvOptionsT,
}
ACTIVATION = {"none": 0, "relu": 1, "relu6": 3, "tanh": 4}
UNIT = (0.05, 0)  # a scale and a zero point


class TfliteBuilder:
    """A network that grows tensor by tensor; `bytes` gives its file. Tensors are numbers."""

    def __init__(self, seed: int = 0):
        self.rng = np.random.default_rng(seed)
        self.model = schema.ModelT()
        self.model.version = 3
        self.model.buffers = [schema.BufferT()]
        self.model.operatorCodes = []
        self.graph = schema.SubGraphT()
        self.graph.tensors, self.graph.operators = [], []
        self.model.subgraphs = [self.graph]

    def tensor(self, shape, dtype="float32", quantization=None, values=None, axis=0) -> int:
        """quantization: (scale or scales, zero point)."""
        tensor = schema.TensorT()
        tensor.name = f"t{len(self.graph.tensors)}".encode()
        tensor.shape, tensor.type = list(shape), TYPES[np.dtype(dtype)]
        if quantization is not None:
            tensor.quantization = schema.QuantizationParametersT()
            tensor.quantization.scale = np.atleast_1d(quantization[0]).tolist()
            tensor.quantization.zeroPoint = [quantization[1]] * len(tensor.quantization.scale)
            tensor.quantization.quantizedDimension = axis
        if values is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(np.ascontiguousarray(values, dtype).tobytes(), np.uint8)
            tensor.buffer = len(self.model.buffers)
            self.model.buffers.append(buffer)
        self.graph.tensors.append(tensor)
        return len(self.graph.tensors) - 1

    def constant(self, values, dtype="int32") -> int:
        return self.tensor(np.shape(values), dtype, values=values)

    def operator(self, name: str, inputs, output: int, **options) -> int:
        """options: of the schema. Returns the output."""
        code = schema.OperatorCodeT()
        code.builtinCode = getattr(schema.BuiltinOperator, name)
        code.deprecatedBuiltinCode = min(code.builtinCode, 127)
        code.version = 1 if name not in ("CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV") else 3
        operator = schema.OperatorT()
        operator.opcodeIndex = len(self.model.operatorCodes)
        self.model.operatorCodes.append(code)
        operator.inputs, operator.outputs = list(inputs), [output]
        if name in OPTIONS:
            operator.builtinOptions = OPTIONS[name]()
            kind = OPTIONS[name].__name__.removesuffix("T")
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, kind)
            for option, value in options.items():
                setattr(operator.builtinOptions, option, value)
        self.graph.operators.append(operator)
        return output

    def bytes(self, given: int, *outputs: int) -> bytes:
        self.graph.inputs, self.graph.outputs = [given], list(outputs)
        builder = flatbuffers.Builder(1024)
        builder.Finish(self.model.Pack(builder), b"TFL3")
        return bytes(builder.Output())

    # -- layers of int8 or float32 with random weights

    def like(self, given: int, shape, quantization=UNIT) -> int:
        """A new tensor of the type of another."""
        if self.is_int8(given):
            return self.tensor(shape, "int8", quantization)
        return self.tensor(shape)

    def is_int8(self, tensor: int) -> bool:
        return self.graph.tensors[tensor].type == schema.TensorType.INT8

    def shape(self, tensor: int) -> list[int]:
        return list(self.graph.tensors[tensor].shape)

    def parameters(self, given: int, shape, axis: int) -> list[int]:
        """Weights of that shape, outputs on that axis, and biases, after the input."""
        outputs = shape[axis]
        if not self.is_int8(given):
            weights = self.rng.normal(0, 0.3, shape).astype(np.float32)
            biases = self.rng.normal(0, 0.3, outputs).astype(np.float32)
            return [
                given,
                self.constant(weights, "float32"),
                self.constant(biases, "float32"),
            ]
        scales = self.rng.uniform(0.004, 0.01, outputs).astype(np.float32)
        weights = self.rng.integers(-127, 128, shape)
        input_scale = self.graph.tensors[given].quantization.scale[0]
        biases = self.rng.integers(-500, 500, outputs)
        return [
            given,
            self.tensor(shape, "int8", (scales, 0), weights, axis),
            self.tensor([outputs], "int32", (scales * np.float32(input_scale), 0), biases),
        ]

    def conv(self, given, units, kernel=3, stride=1, activation="none", padding=0):
        _, height, width, channels = self.shape(given)
        inputs = self.parameters(given, [units, kernel, kernel, channels], 0)
        output = self.like(given, [1, *_extents(height, width, kernel, stride, padding), units])
        return self.operator("CONV_2D", inputs, output, **_window(stride, padding, activation))

    def depthwise(self, given, multiplier=1, kernel=3, stride=1, activation="none", padding=0):
        _, height, width, channels = self.shape(given)
        units = channels * multiplier
        inputs = self.parameters(given, [1, kernel, kernel, units], 3)
        output = self.like(given, [1, *_extents(height, width, kernel, stride, padding), units])
        window = _window(stride, padding, activation)
        return self.operator(
            "DEPTHWISE_CONV_2D", inputs, output, depthMultiplier=multiplier, **window
        )

    def dense(self, given, units, activation="none"):
        inputs = self.parameters(given, [units, int(np.prod(self.shape(given)))], 0)
        output = self.like(given, [1, units])
        fused = ACTIVATION[activation]
        return self.operator("FULLY_CONNECTED", inputs, output, fusedActivationFunction=fused)

    def pool(self, name, given, kernel=2, padding=0, quantization=UNIT):
        _, height, width, channels = self.shape(given)
        extents = _extents(height, width, kernel, kernel, padding)
        output = self.like(given, [1, *extents, channels], quantization)
        return self.operator(
            name,
            [given],
            output,
            filterHeight=kernel,
            filterWidth=kernel,
            **_window(kernel, padding, "none"),
        )

    def transposed(self, given, units, kernel, stride, padding=0, activation="none"):
        _, height, width, channels = self.shape(given)
        inputs = self.parameters(given, [units, kernel, kernel, channels], 0)
        extents = [size * stride for size in (height, width)]
        if padding:  # VALID
            extents = [(size - 1) * stride + kernel for size in (height, width)]
        shape = [1, *extents, units]
        return self.operator(
            "TRANSPOSE_CONV",
            [self.constant(shape), inputs[1], given, inputs[2]],
            self.like(given, shape),
            **_window(stride, padding, activation),
        )

    def resize(self, given, height, width, **options):
        shape = [1, height, width, self.shape(given)[3]]
        inputs = [given, self.constant([height, width])]
        return self.operator("RESIZE_NEAREST_NEIGHBOR", inputs, self.like(given, shape), **options)

    def reshape(self, given, shape):
        return self.operator(
            "RESHAPE", [given, self.constant(shape)], self.like(given, shape), newShape=shape
        )

    def transpose(self, given, axes):
        shape = [self.shape(given)[axis] for axis in axes]
        return self.operator("TRANSPOSE", [given, self.constant(axes)], self.like(given, shape))

    def softmax(self, given):
        output = self.like(given, self.shape(given), (1 / 256, -128))
        return self.operator("SOFTMAX", [given], output, beta=1.0)


def _extents(height, width, kernel, stride, padding):
    if padding == 0:  # SAME
        return -(-height // stride), -(-width // stride)
    return (height - kernel) // stride + 1, (width - kernel) // stride + 1


def _window(stride, padding, activation):
    return {
        "padding": padding,
        "strideH": stride,
        "strideW": stride,
        "fusedActivationFunction": ACTIVATION[activation],
    }


def run(data: bytes, samples: np.ndarray, tensor: int) -> np.ndarray:
    """A tensor of each sample, [samples][elements], by LiteRT. samples: as the file takes them."""
    interpreter = Interpreter(model_content=data, experimental_preserve_all_tensors=True)
    interpreter.allocate_tensors()
    rows = []
    for sample in samples:
        interpreter.reset_all_variables()  # of LSTMs
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], sample[None])
        interpreter.invoke()
        rows.append(interpreter.get_tensor(tensor).ravel().copy())
    return np.array(rows)
