"""A layer from what a model file says of it: the other way than a layer's own arguments."""

from __future__ import annotations

from typing import Any, Protocol

from fqt.layers.add import Add
from fqt.layers.average_pool2d import AveragePool2D
from fqt.layers.concatenate import Concatenate
from fqt.layers.conv2d import Conv2D
from fqt.layers.dense import Dense
from fqt.layers.depthwise_conv2d import DepthwiseConv2D
from fqt.layers.flatten import Flatten
from fqt.layers.gru import GRU
from fqt.layers.layer import Layer
from fqt.layers.lstm import LSTM
from fqt.layers.max_pool2d import MaxPool2D
from fqt.layers.multiply import Multiply
from fqt.layers.table import table_layer
from fqt.layers.two_inputs import TwoInputs
from fqt.layers.upsample2d import Upsample2D


class Description(Protocol):
    """What is read of a layer's record, in a model file or in another tool's network. kind: of
    fqt.kinds.KINDS."""

    kind: str
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int, int, int]
    activation: str
    name: str

    @property
    def function_parameter(self) -> float:
        """Of a table's function: its slope or alpha, or 0."""

    @property
    def is_one_place(self) -> bool:
        """Whether the output is 1 x 1: of a recurrent layer that of the last step, or the only
        one."""


def described(said: Description, channels: int, source: str | None, other: str) -> Layer:
    """A new layer. channels: of its output; source: as Layer has it; other: the second input's
    name. What the kind does not have is not read. Raises ValueError as the layer does."""
    place: dict[str, Any] = {"name": said.name, "source": source}
    kernel, stride, padding, activation = said.kernel, said.stride, said.padding, said.activation
    match said.kind:
        case "dense":
            return Dense(channels, activation, **place)
        case "conv2d":
            return Conv2D(channels, kernel, stride, padding, activation, **place)
        case "depthwise_conv2d":
            return DepthwiseConv2D(kernel, stride, padding, activation, **place)
        case "max_pool2d":
            return MaxPool2D(kernel, stride, padding, **place)
        case "average_pool2d":
            return AveragePool2D(kernel, stride, **place)
        case "upsample2d":
            return Upsample2D(stride, "nearest" if kernel == stride else "zeros", **place)
        case "table":
            return table_layer(activation, said.function_parameter, **place)
        case "lstm":
            return LSTM(channels, not said.is_one_place, **place)
        case "gru":
            reset_after = activation != "reset_before"
            return GRU(channels, not said.is_one_place, reset_after, **place)
        case "flatten":
            return Flatten(**place)
    two_inputs: dict[str, type[TwoInputs]]
    two_inputs = {"add": Add, "multiply": Multiply, "concatenate": Concatenate}
    return two_inputs[said.kind](other, activation, **place)
