"""The tensors and operations of the graph that grows from an .onnx file: what its nodes read and
make, and which constants they read."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fqt.importers.graph import MAX_COMPUTED, Operation, Tensor, refuse
from fqt.importers.onnx_checks import AGAIN
from fqt.importers.onnx_file import FileNode, OnnxFile

REPLACE = "build the network without it, or with layers that docs/importing.md lists"


def batch_first(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape with the batch of 1 in front, where steps lie before it."""
    if not shape or shape[0] == 1 or 1 not in shape:
        return shape
    batch = shape.index(1)
    return (1, *shape[:batch], *shape[batch + 1 :])


class OnnxGraph:
    """place: of the node that is being read, for messages."""

    def __init__(self, file: OnnxFile):
        self.file = file
        self.tensors: dict[str, Tensor] = {}
        self.operations: list[Operation] = []
        self.place = "the network"
        self.scales: dict[str, np.ndarray] = {}  # of constants that were dequantized

    def is_read(self, name: str) -> bool:
        return bool(name) and (name == self.file.output or self._readers(name) > 0)

    def _readers(self, name: str) -> int:
        return sum(node.inputs.count(name) for node in self.file.nodes)

    # -- tensors

    def computed(self, name: str) -> str:
        """The name of what the input or a node gives, which the graph has from now on."""
        if name not in self.tensors:
            if name in self.file.constants:
                refuse(
                    self.place,
                    "it reads a constant where a layer's output is due",
                    REPLACE,
                )
            shape = self.file.shapes.get(name)
            if shape is None:
                refuse(
                    self.place,
                    f"the shape of {name!r} is not known",
                    "export with fixed shapes",
                )
            self.new(name, batch_first(shape))
        return name

    def new(self, name: str, shape: tuple[int, ...]) -> str:
        if math.prod(shape) > MAX_COMPUTED:
            refuse(self.place, f"{shape} are too many numbers", "a device holds far fewer")
        self.tensors[name] = Tensor(name, shape)
        return name

    def shape(self, name: str) -> tuple[int, ...]:
        return self.tensors[self.computed(name)].shape

    def constant(self, node: FileNode, number: int, default: Any = None) -> Any:
        """The constant that a node reads as that input; default: when it is left out."""
        if number >= len(node.inputs) or not node.inputs[number]:
            return default
        if node.inputs[number] not in self.file.constants:
            refuse(
                self.place,
                f"its input {node.inputs[number]!r} is computed",
                "use a constant",
            )
        return self.file.constants[node.inputs[number]]

    def parameter(self, node: FileNode, number: int) -> np.ndarray:
        """A float32 constant that must be there."""
        values = self.constant(node, number)
        if values is None:
            refuse(self.place, f"its input {number + 1} is left out", AGAIN)
        if values.dtype != np.float32:
            refuse(
                self.place,
                f"its input {number + 1}, {node.inputs[number]!r}, is {values.dtype}, not float32",
                "export the network in float32",
            )
        return values

    def biases(self, node: FileNode, outputs: int) -> np.ndarray:
        """Those that a node reads as its third input, or zeros."""
        if len(node.inputs) < 3 or not node.inputs[2]:
            return np.zeros(outputs, np.float32)
        biases = self.parameter(node, 2)
        if biases.size not in (1, outputs):
            refuse(self.place, f"biases {biases.shape} of {outputs} outputs", AGAIN)
        return np.broadcast_to(biases.ravel(), outputs)

    def parameters(self, node: FileNode, weights: np.ndarray, biases: np.ndarray):
        """The names of a layer's weights and biases. node: whose second input the weights are."""
        names = self.weights("weights", weights), self.weights("biases", biases)
        if node.inputs[1] in self.scales:
            self.scales[names[0]] = self.scales[node.inputs[1]]
        return names

    def weights(self, what: str, values: np.ndarray) -> str:
        """A new constant of the graph."""
        if not np.isfinite(values).all():
            refuse(self.place, f"its {what} are not all finite", "train the network again")
        values = np.ascontiguousarray(values, np.float32)
        name = f"{what} {len(self.tensors)}"
        self.tensors[name] = Tensor(name, values.shape, values)
        return name

    def quantization(self, node: FileNode) -> tuple[np.ndarray, np.ndarray]:
        """The scales, and the zero points in the type of the numbers, of QuantizeLinear and
        DequantizeLinear."""
        scales = self.parameter(node, 1).ravel()
        zero_points = self.constant(node, 2)
        if zero_points is None:
            zero_points = np.zeros(len(scales), np.uint8)  # as the operator has it
        if not (np.isfinite(scales).all() and (scales > 0).all()) or node.attributes.get(
            "block_size"
        ):
            refuse(
                self.place,
                "its scales are not positive, or by blocks",
                "quantize it again",
            )
        return scales, zero_points.ravel()

    # -- operations

    def add(self, kind: str, inputs: tuple[str, ...], output: str, **attributes) -> None:
        self.operations.append(Operation(kind, inputs, output, attributes, self.place))

    def move(self, node: FileNode) -> None:
        """The same elements in the output's shape."""
        given, output = self.computed(node.inputs[0]), self.computed(node.outputs[0])
        self.add("reshape", (given,), output)

    def image(self, node: FileNode, kind: str, parameters: tuple[str, ...] = (), **attributes):
        """A convolution or pooling; of one axis as of an image with a height of 1."""
        given, output = self.computed(node.inputs[0]), self.computed(node.outputs[0])
        if len(self.shape(given)) == 4:
            self.add(kind, (given, *parameters), output, **attributes)
            return
        names = []
        for name in (given, output):
            batch, channels, width = self.shape(name)
            high = f"{name} {len(self.tensors)}"
            names.append(self.new(high, (batch, channels, 1, width)))
        self.add("reshape", (given,), names[0])
        self.add(kind, (names[0], *parameters), names[1], **attributes)
        self.add("reshape", (names[1],), output)

    def affine(self, node: FileNode, factor: np.ndarray, shift: np.ndarray) -> None:
        """Output = input * factor + shift, constants that broadcast to the input."""
        given, output = self.computed(node.inputs[0]), self.computed(node.outputs[0])
        if self.shape(output) != self.shape(given):
            refuse(self.place, f"{self.shape(given)} becomes {self.shape(output)}", REPLACE)
        if not (np.isfinite(factor).all() and np.isfinite(shift).all()):
            refuse(self.place, "its constants are not all finite", "train the network again")
        self.add("affine", (given,), output, factor=factor, shift=shift)
