"""What passes end in: the layers that a device runs, of float32 or int8 numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from fqt.importers.graph import Quantization
from fqt.layers.lstm import NO_LIMIT
from fqt.shapes import Shape, numbers


@dataclass(frozen=True, eq=False)
class Gates:
    """Of an lstm: weights [4][units][features + units] of the gates input, forget, cell, output,
    float32, or int8 with scales float32 [4][2], of the features and of the units; biases
    [4][units], float32, or int32 in units of the input's scale times the first of these; limit: of
    the cell state's magnitude. Of a gru, always float32: weights [3][units][features + units] of
    the gates reset, update, new; biases [4][units], of the new gate two. activation: of an int8
    lstm and of a gru what its record says there."""

    weights: np.ndarray
    biases: np.ndarray
    limit: float = NO_LIMIT
    scales: np.ndarray | None = None
    activation: str = "none"


@dataclass
class Node:
    """A layer. kind: of fqt.kinds.KINDS. inputs: tensors, 0 the network's input, i the output of
    node i (from 1). shape: of the output, (height, width, channels). weights: in the shape that
    the kind stores, float32, or int8 with weight_scales float32 [out]; biases: float32, or int32
    in units of the input's scale times these. quantization: of the output; None: float32.
    function_parameter: of a table's function, its slope or alpha; 0.0: it has none."""

    kind: str
    place: str
    inputs: tuple[int, ...]
    shape: tuple[int, int, int]
    activation: str = "none"
    kernel: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    weights: np.ndarray | None = None
    weight_scales: np.ndarray | None = None
    biases: np.ndarray | None = None
    quantization: Quantization | None = None
    name: str = ""
    function_parameter: float = 0.0
    gates: Gates | None = None

    @property
    def is_one_place(self) -> bool:
        """Whether the output is 1 x 1."""
        return self.shape[:2] == (1, 1)


@dataclass
class Network:
    """source_shape: of a sample, with the source's axes; input_order: int64 [elements], the
    element of it that stands at each place of input_shape; output_order: the place in the last
    layer's output, [height][width][channels], of each output of the source. quantization: of
    the input; None: the network is float32. input_map: float32 [channels][2], offset and scale:
    samples are numbers x, (x - offset) / scale to the layers; None: they are x. labels: the
    source's names of classes, or none. function: what lay behind the last layer and went into
    the loss, or "". source, data: the suffix of the file that it was read from, and its bytes,
    which the source's own runtime runs."""

    nodes: list[Node]
    source_shape: Shape
    input_shape: tuple[int, int, int]
    input_order: np.ndarray
    output_order: np.ndarray
    input_type: str
    loss: str
    function: str = ""
    quantization: Quantization | None = None
    input_map: np.ndarray | None = None
    labels: tuple[str, ...] = ()
    name: str = field(default="model")
    source: str = ""
    data: bytes = field(default=b"", repr=False)

    @property
    def is_int8(self) -> bool:
        return self.quantization is not None

    @property
    def outputs(self) -> int:
        """Elements of the last layer's output."""
        return math.prod(self.nodes[-1].shape)

    @property
    def weighted(self) -> list[str]:
        """The names of the layers with weights."""
        return [node.name for node in self.nodes if node.weights is not None]

    def arrange(self, x) -> np.ndarray:
        """Samples as the source takes them, [samples] and source_shape (axes of 1 may lack), as
        the device does, [samples][height][width][channels]. Raises ValueError for others."""
        x = np.asarray(x)
        if x.dtype.kind not in "iu":
            x = numbers("samples", x)
        axes = [extent for extent in x.shape[1:] if extent != 1]
        wanted = [extent for extent in self.source_shape if extent != 1]
        if x.ndim < 1 or axes != wanted:
            raise ValueError(
                f"samples are [samples] and the source's {self.source_shape}, not {x.shape}"
            )
        return x.reshape(len(x), -1)[:, self.input_order].reshape(len(x), *self.input_shape)

    def as_given(self, values: np.ndarray) -> np.ndarray:
        """Numbers of the first layer's input, [samples][elements] in the source's order, as
        samples of the source."""
        if self.input_map is None:
            return values
        maps = np.empty((len(self.input_order), 2))
        places = len(self.input_order) // len(self.input_map)
        maps[self.input_order] = np.tile(self.input_map, (places, 1))
        return values * maps[:, 1] + maps[:, 0]

    @property
    def description(self) -> str:
        """The loss and why it is that, and how samples go to the device."""
        behind = f"{self.function} behind" if self.function else "no softmax or sigmoid behind"
        text = f"{self.loss} ({behind} the last layer)"
        if self.input_map is not None:
            text += "; samples as the source takes them, before it scales them"
        if (self.input_order == np.arange(self.input_order.size)).all():
            return text
        text += f"; the source's samples are {self.source_shape}, a device's {self.input_shape}"
        order = np.arange(self.input_order.size).reshape(self.source_shape)
        if order.ndim == 3 and np.array_equal(order.transpose(1, 2, 0).ravel(), self.input_order):
            text += ": x.transpose(0, 2, 3, 1)"
        return text
