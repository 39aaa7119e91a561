"""Each operation of a graph as a layer of the device, after the passes; those that only move data
change where elements stand, and make none."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from fqt.importers.graph import Graph, Operation, Quantization, Tensor, refuse
from fqt.importers.network import Node
from fqt.importers.passes.edits import is_alone, is_same
from fqt.importers.passes.placement import ADVICE, Placed, Placement
from fqt.importers.passes.weights import (
    by_channel,
    within_limits,
    without_dilation,
    without_groups,
)
from fqt.layers.limits import LARGEST_KERNEL

MAX_WEIGHTS = 1 << 24
TOGETHER = ("add", "multiply", "concatenate")  # read all inputs; of others, some are parameters
KEEP_RANGE = ("reshape", "transpose", "max_pool", "upsample", "last_step")


@dataclass
class Lowering:
    """The layers made so far, and where the graph's tensors stand in them."""

    graph: Graph
    nodes: list[Node] = field(default_factory=list)

    def __post_init__(self):
        shape = self.graph.tensors[self.graph.input].shape
        self.placement = Placement(self.graph.input, shape, self.graph.channels_first)

    def add(self, operation: Operation) -> None:
        """Raises ValueError for what no layer does."""
        for name in self._read(operation):
            if self.graph.tensors[name].values is not None:
                refuse(
                    operation.place,
                    "it reads a constant where a layer's output is due",
                    "fold the constant into the weights before it, or leave it out",
                )
        ranges = (self._tensor(operation.inputs[0]), self._tensor(operation.output))
        if operation.kind in KEEP_RANGE and not is_same(*(one.quantization for one in ranges)):
            refuse(operation.place, "its output has another int8 range", "convert it again")
        getattr(self, f"_{operation.kind}")(operation)

    def _tensor(self, name: str) -> Tensor:
        return self.graph.tensors[name]

    def _shape(self, operation: Operation) -> tuple[int, ...]:
        """Of the output, in the source."""
        return self._tensor(operation.output).shape

    def _node(self, kind: str, operation: Operation, shape: tuple[int, ...], **fields) -> None:
        height, width, channels = shape
        self.nodes.append(
            Node(
                kind,
                operation.place,
                tuple(self.placement[name].tensor for name in self._read(operation)),
                (height, width, channels),
                quantization=self._range(operation.output, operation.place),
                **fields,
            )
        )

    def _read(self, operation: Operation) -> tuple[str, ...]:
        return operation.inputs if operation.kind in TOGETHER else operation.inputs[:1]

    def _range(self, name: str, place: str) -> Quantization | None:
        quantization = self._tensor(name).quantization
        is_int8 = self._tensor(self.graph.input).quantization is not None
        if is_int8 != (quantization is not None):
            refuse(
                place, "a part of the network is int8, a part float", "quantize all of it, or none"
            )
        if quantization is not None and len(quantization.scales) > 1:
            refuse(place, "its output has a scale a channel", "quantize it with one a tensor")
        return quantization

    # -- windows

    def _window(self, operation: Operation, shape: tuple[int, ...], kernel: tuple[int, ...]):
        """The output's height and width, and the window's fields."""
        attributes = operation.attributes
        stride, padding = tuple(attributes["stride"]), tuple(attributes["padding"])
        extents = []
        for i in range(2):
            before, after = padding[2 * i : 2 * i + 2]
            whole = shape[i] + before + after
            if not 1 <= kernel[i] <= min(whole, LARGEST_KERNEL) or max(before, after) >= kernel[i]:
                refuse(
                    operation.place,
                    f"its window is {kernel} with padding {padding} on {shape}",
                    f"windows have at most {LARGEST_KERNEL}, more than the padding and no more "
                    "than the padded image",
                )
            if not 1 <= stride[i] <= LARGEST_KERNEL:
                refuse(operation.place, f"its stride is {stride}", f"1 to {LARGEST_KERNEL}")
            extents.append((whole - kernel[i]) // stride[i] + 1)
        return extents, {"kernel": tuple(kernel), "stride": stride, "padding": padding}

    def _image_made(self, operation: Operation, shape: tuple[int, int, int]) -> None:
        like = self._shape(operation)
        if math.prod(like) != math.prod(shape):
            refuse(
                operation.place,
                f"the source says its output is {like}, its window gives {shape}",
                "the file is damaged: fetch or export it again",
            )
        self.placement.add(operation.output, shape, like)

    def _convolution(self, operation: Operation) -> None:
        shape = self.placement.image(operation.inputs[0], operation.place)
        weights, fields = self._parameters(operation)
        groups, (out, _, _, own) = operation.attributes["groups"], weights.shape
        if groups < 1 or own * groups != shape[2] or out % groups:
            refuse(
                operation.place,
                f"weights {weights.shape} in {groups} groups do not read {shape[2]} channels",
                "the file is damaged: fetch or export it again",
            )
        dilation = operation.attributes["dilation"]
        reach = math.prod(
            (taps - 1) * apart + 1
            for taps, apart in zip(weights.shape[1:3], dilation, strict=True)
        )
        is_depthwise = groups == shape[2] == out and groups > 1
        if out * reach * (1 if is_depthwise else shape[2]) > MAX_WEIGHTS:
            refuse(operation.place, "its weights would be too many", "use fewer channels or taps")
        weights = without_dilation(weights, dilation)
        weights = weights[..., 0] if is_depthwise else without_groups(weights, groups)
        extents, window = self._window(operation, shape, weights.shape[1:3])
        kind = "depthwise_conv2d" if is_depthwise else "conv2d"
        made = (*extents, out)
        self._node(kind, operation, made, weights=weights, **fields, **window)
        self._image_made(operation, made)

    def _max_pool(self, operation: Operation) -> None:
        self._pool(operation, "max_pool2d")

    def _average_pool(self, operation: Operation) -> None:
        if any(operation.attributes["padding"]):
            refuse(operation.place, "it has padding", "average pooling is without padding")
        self._pool(operation, "average_pool2d")

    def _pool(self, operation: Operation, kind: str) -> None:
        shape = self.placement.image(operation.inputs[0], operation.place)
        if not self._changes_nothing(operation):
            refuse(
                operation.place,
                f"pooling with {operation.attributes['activation']}",
                "put the function behind the layer before the pooling",
            )
        extents, window = self._window(operation, shape, operation.attributes["kernel"])
        made = (*extents, shape[2])
        self._node(kind, operation, made, **window)
        self._image_made(operation, made)

    def _upsample(self, operation: Operation) -> None:
        height, width, channels = self.placement.image(operation.inputs[0], operation.place)
        factors = tuple(operation.attributes["factors"])
        if not 1 <= min(factors) <= max(factors) <= LARGEST_KERNEL:
            refuse(operation.place, f"its factors are {factors}", f"1 to {LARGEST_KERNEL}")
        made = (height * factors[0], width * factors[1], channels)
        if factors == (1, 1):
            refuse(operation.place, "it changes nothing", "leave it out")
        kernel = factors if operation.attributes["fill"] == "nearest" else (1, 1)
        self._node("upsample2d", operation, made, kernel=kernel, stride=factors)
        self._image_made(operation, made)

    def _recurrent(self, operation: Operation) -> None:
        height, width, _ = self.placement.steps(operation.inputs[0], operation.place)
        gates = operation.attributes["gates"]
        made = (height, width, gates.biases.shape[1])
        if (gates.scales is None) != (self._range(operation.output, operation.place) is None):
            refuse(operation.place, "int8 weights meet float numbers", "quantize all, or none")
        self._node(operation.kind, operation, made, gates=gates, activation=gates.activation)
        self.placement.add(operation.output, made, self._shape(operation))

    _lstm = _gru = _recurrent

    def _last_step(self, operation: Operation) -> None:
        """Part of the recurrent layer that makes it."""
        given = operation.inputs[0]
        placed = self.placement[given]
        node = self.nodes[placed.tensor - 1]
        if placed.tensor != len(self.nodes) or node.gates is None:
            refuse(operation.place, "it slices what no LSTM or GRU makes", "no layer does this")
        alone, name = True, given
        while (maker := self.graph.maker(name)) is not None and alone:
            if "gates" in maker.attributes:
                break
            alone, name = is_alone(self.graph, name), maker.inputs[0]
        if not alone or not is_alone(self.graph, name):
            refuse(operation.place, "the other steps are read too", "read all, or the last")
        node.shape = (1, 1, node.shape[2])
        self.placement.stored.pop()
        self.placement.add(operation.output, node.shape, self._shape(operation))

    def _changes_nothing(self, operation: Operation) -> bool:
        """Whether the activation clips nothing that the int8 range holds."""
        activation = operation.attributes["activation"]
        quantization = self._tensor(operation.output).quantization
        if activation == "none" or quantization is None:
            return activation == "none"
        scale, zero_point = quantization.scales[0], quantization.zero_points[0]
        greatest = (127 - zero_point) * scale
        return zero_point == -128 and (activation == "relu" or greatest <= 6 + scale / 2)

    def _mean(self, operation: Operation) -> None:
        given = operation.inputs[0]
        axes = self.placement.axes(given, operation.place)
        wanted = {axes[axis] for axis in operation.attributes["axes"] if axis in axes}
        if 0 in operation.attributes["axes"] or 2 in wanted:
            refuse(
                operation.place, "a mean over channels or samples", "mean over height and width"
            )
        shape = self.placement.stored[self.placement[given].tensor]
        kernel = tuple(shape[axis] if axis in wanted else 1 for axis in range(2))
        if max(kernel) > LARGEST_KERNEL:
            refuse(operation.place, f"a mean of {kernel}", f"at most {LARGEST_KERNEL} each way")
        made = (shape[0] // kernel[0], shape[1] // kernel[1], shape[2])
        self._node("average_pool2d", operation, made, kernel=kernel, stride=kernel)
        self.placement.reduced(
            operation.output, given, made, self._shape(operation), operation.place
        )

    # -- others

    def _parameters(self, operation: Operation) -> tuple[np.ndarray, dict]:
        """The weights, and the fields that all layers with weights have."""
        of_weights = self._tensor(operation.inputs[1])
        weights, quantization = of_weights.values, of_weights.quantization
        if weights is None:
            refuse(operation.place, "its weights are computed", "weights must be constants")
        given = self._range(operation.inputs[0], operation.place)
        if (quantization is None) != (given is None):
            refuse(operation.place, "int8 weights meet float numbers", "quantize all, or none")
        out = weights.shape[0]
        biases = np.zeros(out, np.int32 if given else np.float32)
        if len(operation.inputs) > 2:
            stored = self._tensor(operation.inputs[2]).values
            if stored is None or stored.shape != (out,) or stored.dtype != biases.dtype:
                refuse(operation.place, f"its biases are not {out} constants", "export it again")
            biases = stored
        fields = {"biases": biases, "activation": operation.attributes["activation"]}
        if quantization is not None:
            if len(quantization.scales) > 1 and quantization.axis != 0:
                refuse(operation.place, "its scales are not one an output", "quantize it again")
            scales = by_channel(quantization.scales, out)
            weights, scales, biases = within_limits(weights, scales, biases)
            fields |= {"weight_scales": scales, "biases": biases}
        return weights, fields

    def _dense(self, operation: Operation) -> None:
        weights, fields = self._parameters(operation)
        columns = self.placement.columns(operation.inputs[0])
        outputs = math.prod(self._shape(operation))
        if weights.shape != (outputs, len(columns)):
            refuse(
                operation.place,
                f"weights {weights.shape} on {len(columns)} elements give {outputs}",
                "a dense layer reads all elements at once: flatten before it, or use a 1 x 1 "
                "convolution",
            )
        by_place = np.empty_like(weights)
        by_place[:, columns] = weights
        self._node("dense", operation, (1, 1, outputs), weights=by_place, **fields)
        self.placement.add(operation.output, (1, 1, outputs), self._shape(operation))

    def _activation(self, operation: Operation) -> None:
        """A function that a device has as a table: element by element, wherever they stand."""
        given = self.placement[operation.inputs[0]]
        shape = self.placement.stored[given.tensor]
        self._node(
            "table",
            operation,
            shape,
            activation=operation.attributes["function"],
            function_parameter=operation.attributes["parameter"],
        )
        self._placed_alike(operation, shape, given.order)

    def _placed_alike(
        self, operation: Operation, shape: tuple[int, int, int], order: np.ndarray
    ) -> None:
        """The output of the last node, whose elements stand as in that order."""
        self.placement.stored.append(shape)
        self.placement.placed[operation.output] = Placed(
            len(self.nodes), order.reshape(self._shape(operation)[1:])
        )

    def _add(self, operation: Operation) -> None:
        self._two_inputs(operation, "add")

    def _multiply(self, operation: Operation) -> None:
        self._two_inputs(operation, "multiply")

    def _two_inputs(self, operation: Operation, kind: str) -> None:
        self.placement.settle()
        stored = [self.placement.stored[self.placement[name].tensor] for name in operation.inputs]
        first, second = operation.inputs
        if kind == "multiply" and math.prod(stored[0]) < math.prod(stored[1]):
            first, second = second, first
            stored.reverse()
        if self.placement[first].tensor == self.placement[second].tensor:
            refuse(operation.place, "it reads one tensor twice", "its inputs must differ")
        by_channel = kind == "multiply" and stored[1] == (1, 1, stored[0][2])
        if stored[0] != stored[1]:
            if not by_channel:
                refuse(operation.place, f"{stored[0]} and {stored[1]}", "shapes must be equal")
            for name in (first, second):
                self.placement.image(name, operation.place)
        elif not np.array_equal(self.placement[first].order, self.placement[second].order):
            refuse(operation.place, "its inputs are in different orders", ADVICE)
        self._node(
            kind,
            Operation(kind, (first, second), operation.output, {}, operation.place),
            stored[0],
            activation=operation.attributes["activation"],
        )
        self._placed_alike(operation, stored[0], self.placement[first].order)

    def _concatenate(self, operation: Operation) -> None:
        """The channels side by side, two tensors at a time: wherever they stand in the source,
        since where elements stand is told apart."""
        self.placement.settle()
        axis = operation.attributes["axis"] - 1
        first, *others = operation.inputs
        order = self.placement[first].order
        height, width, channels = self.placement.stored[self.placement[first].tensor]
        for number, name in enumerate(others, 1):
            placed = self.placement[name]
            stored = self.placement.stored[placed.tensor]
            if stored[:2] != (height, width) or axis < 0:
                refuse(
                    operation.place,
                    f"it joins {(height, width, channels)} and {stored}",
                    "only channels are joined, of tensors of one height and width",
                )
            if placed.tensor == self.placement[first].tensor:
                refuse(operation.place, "it reads one tensor twice", "its inputs must differ")
            parts = []
            joined = channels + stored[2]
            for of_one, own, start in ((order, channels, 0), (placed.order, stored[2], channels)):
                positions, channel = np.divmod(of_one, own)
                parts.append(positions * joined + start + channel)
            order, channels = np.concatenate(parts, axis=axis), joined
            is_last = number == len(others)
            self._node(
                "concatenate",
                Operation("concatenate", (first, name), operation.output, {}, operation.place),
                (height, width, channels),
                activation=operation.attributes["activation"] if is_last else "none",
            )
            first = operation.output if is_last else f"{operation.output} of {number + 1}"
            self.placement.stored.append((height, width, channels))
            self.placement.placed[first] = Placed(len(self.nodes), order)

    def _reshape(self, operation: Operation) -> None:
        given = self.placement[operation.inputs[0]]
        self.placement.reshape(operation.output, given, self._shape(operation), operation.place)

    def _transpose(self, operation: Operation) -> None:
        given = self.placement[operation.inputs[0]]
        axes = operation.attributes["axes"]
        self.placement.transpose(operation.output, given, axes, operation.place)
