"""What readers make of a source's file, whatever its format: operations in the order in which they
run, and the tensors between them.

Shapes have the source's axes, with the batch first, which is 1: a reader sets it so, and every
shape is known. Numbers of a tensor with a quantization are int8, (q - zero point) * scale; a
reader brings uint8 to that (u - 128). Images have 4 axes; of 1-d convolutions a reader makes 2-d
ones with a height of 1, with reshapes around them.

What a kind means is in KINDS. Fused activations are "none", "relu" or "relu6". A reader refuses
what KINDS cannot say, with `refuse`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

import numpy as np

MAX_COMPUTED = 1 << 25  # elements of all tensors: what is made of a forged file has an end
# Of each kind: how many inputs (least, most) and its attributes. Inputs are tensors' names.
KINDS: dict[str, tuple[int, int, tuple[str, ...]]] = {
    # input, weights [out][kernel height][kernel width][in per group], biases [out] that may lack.
    # groups: 1, or of a depthwise one the input's channels, whose weights are [out][kh][kw][1].
    # stride, dilation: (height, width). padding: (top, bottom, left, right).
    "convolution": (2, 3, ("groups", "stride", "padding", "dilation", "activation")),
    # input, whose elements flattened (in the source's order) are the columns; weights [out][in];
    # biases [out] that may lack
    "dense": (2, 3, ("activation",)),
    # kernel, stride: (height, width). padding as above; an average does not count it.
    "max_pool": (1, 1, ("kernel", "stride", "padding", "activation")),
    "average_pool": (1, 1, ("kernel", "stride", "padding", "activation")),
    # factors: (height, width). fill: "nearest" repeats each element, "zeros" puts zeros behind it,
    # in both directions; a transposed convolution is that and a convolution
    "upsample": (1, 1, ("factors", "fill")),
    "mean": (1, 1, ("axes",)),  # axes: of the input, counted with the batch, 0 or more
    "add": (2, 2, ("activation",)),
    "multiply": (2, 2, ("activation",)),
    # output = input * factor + shift: float32 arrays that broadcast to the input's shape
    "affine": (1, 1, ("factor", "shift")),
    "concatenate": (2, 128, ("axis", "activation")),  # axis: counted with the batch, 0 or more
    # input [1][steps][features] -> [1][steps][units]; gates: fqt.importers.network.Gates
    "lstm": (1, 1, ("gates",)),
    "gru": (1, 1, ("gates",)),
    "last_step": (1, 1, ()),  # of [1][steps][units] the last, [1][units] or [1][1][units]
    "pad": (1, 1, ("padding",)),  # with zeros; (before, after) of each axis
    # to the output's shape; elements keep the order in which the source has them: also squeeze,
    # expand, flatten
    "reshape": (1, 1, ()),
    "transpose": (1, 1, ("axes",)),  # axis i of the output is axis axes[i] of the input
    # function: relu, relu6, softmax, log_softmax or one of tables (fqt.kinds.FUNCTIONS); axis: of
    # softmax and log_softmax, 0 or more, else None; parameter: slope or alpha, else 0.0
    "activation": (1, 1, ("function", "axis", "parameter")),
    # to the output's quantization, from numbers or from another quantization
    "quantize": (1, 1, ()),
    "dequantize": (1, 1, ()),
}


@dataclass(frozen=True)
class Quantization:
    """Scales, float32 [1] or [channels], and zero points, int64 of the same shape. axis: along
    which there are several; None with one."""

    scales: np.ndarray
    zero_points: np.ndarray
    axis: int | None = None


@dataclass(frozen=True)
class Tensor:
    """values: of a constant, an array of that shape: int8 with a quantization, biases of such
    layers int32, else float32; None: it is computed."""

    name: str
    shape: tuple[int, ...]
    values: np.ndarray | None = None
    quantization: Quantization | None = None

    @property
    def elements(self) -> int:
        return math.prod(self.shape)


@dataclass(frozen=True)
class Operation:
    """kind, attributes: as KINDS has them. place: where the source has it, "operator 3, CONV_2D",
    for messages."""

    kind: str
    inputs: tuple[str, ...]
    output: str
    attributes: dict
    place: str


@dataclass
class Graph:
    """channels_first: whether convolutions and pools read images as [1][channels][height][width],
    else channels are last. source: a word for messages, ".tflite". input_type: "uint8" where the
    source takes bytes u, which mean the int8 value u - 128; else "int8", which takes float too.
    input_map: float64 [2][elements], offset and scale of each element of a sample: a number x of
    it is (x - offset) / scale to the operations; None: it is x. labels: a name for each class that
    the source tells, or none."""

    tensors: dict[str, Tensor]
    operations: list[Operation]
    input: str
    output: str
    channels_first: bool = False
    source: str = ""
    input_type: str = "int8"
    input_map: np.ndarray | None = None
    labels: tuple[str, ...] = ()

    def readers(self, tensor: str) -> list[Operation]:
        """The operations that read a tensor."""
        return [operation for operation in self.operations if tensor in operation.inputs]

    def maker(self, tensor: str) -> Operation | None:
        """The operation that makes a tensor."""
        return next((one for one in self.operations if one.output == tensor), None)


class SourceError(ValueError):
    """What a source has that cannot be taken, told in one line."""


def refuse(place: str, what: str, advice: str) -> NoReturn:
    """Raises SourceError: what cannot be taken, where in the source, and what to do."""
    raise SourceError(f"{place}: {what}: {advice}")


def check_graph(graph: Graph) -> Graph:
    """Returns the graph. Raises ValueError unless it is whole: operations read what is there
    before them, each tensor is made once, kinds have their inputs and attributes, the batch is
    1."""
    made = {graph.input} | {name for name, one in graph.tensors.items() if one.values is not None}
    for tensor in graph.tensors.values():
        if tensor.values is not None and tensor.values.shape != tensor.shape:
            raise ValueError(f"tensor {tensor.name}: {tensor.values.shape} is not {tensor.shape}")
    _check_sizes(graph)
    for operation in graph.operations:
        _check_operation(operation, graph.tensors, made)
        made.add(operation.output)
    _check_end("input", graph, graph.input, made)
    _check_end("output", graph, graph.output, made)
    return graph


def _check_sizes(graph: Graph) -> None:
    computed = 0
    for tensor in graph.tensors.values():
        if min(tensor.shape, default=1) < 1:
            raise ValueError(f"tensor {tensor.name}: nothing is in the shape {tensor.shape}")
        computed += tensor.elements if tensor.values is None else 0
    if computed > MAX_COMPUTED:
        raise ValueError(
            f"its tensors have {computed} elements, far more than a device holds ({MAX_COMPUTED})"
        )


def _check_end(what: str, graph: Graph, name: str, made: set[str]) -> None:
    if name not in graph.tensors or name not in made:
        raise ValueError(f"the {what} {name!r} is no tensor that is made")
    shape = graph.tensors[name].shape
    if not shape or shape[0] != 1 or math.prod(shape) < 1:
        raise ValueError(
            f"the {what} {name!r} has the shape {shape}: it must begin with a batch of 1, and "
            "not be empty; export the network so"
        )


def _check_operation(operation: Operation, tensors: dict[str, Tensor], made: set[str]) -> None:
    place = operation.place
    if operation.kind not in KINDS:
        raise ValueError(f"{place}: {operation.kind!r} is no kind of operation")
    least, most, attributes = KINDS[operation.kind]
    if not least <= len(operation.inputs) <= most:
        raise ValueError(f"{place}: it has {len(operation.inputs)} inputs, not {least} to {most}")
    if set(operation.attributes) != set(attributes):
        raise ValueError(f"{place}: its attributes are {', '.join(attributes) or 'none'}")
    missing = _missing((*operation.inputs, operation.output), tensors)
    if missing is not None:
        raise ValueError(f"{place}: there is no tensor {missing!r}")
    unmade = next((name for name in operation.inputs if name not in made), None)
    if unmade is not None:
        raise ValueError(f"{place}: it reads {unmade!r} before that is made")
    if operation.output in made:
        raise ValueError(f"{place}: it makes {operation.output!r}, which is there already")
    _check_shapes(operation, tensors)


def _check_shapes(operation: Operation, tensors: dict[str, Tensor]) -> None:
    """Of the kinds whose output's shape is their input's, or its axes in another order."""
    given, made = (tensors[name].shape for name in (operation.inputs[0], operation.output))
    attributes = operation.attributes
    axes = attributes.get("axes")
    if axes is None:
        axes = [] if attributes.get("axis") is None else [attributes["axis"]]
    fits = all(0 <= axis < len(given) for axis in axes)
    match operation.kind:
        case "activation" | "quantize" | "dequantize" | "affine":
            fits = fits and made == given
        case "transpose":
            fits = fits and sorted(axes) == list(range(len(given)))
            fits = fits and made == tuple(given[axis] for axis in axes)
        case "concatenate":
            shapes = [tensors[name].shape for name in operation.inputs]
            fits = fits and _joined(shapes, attributes["axis"]) == made
        case "lstm" | "gru":
            units = attributes["gates"].biases.shape[1]
            fits = len(given) == 3 and made == (*given[:2], units)
            fits = fits and attributes["gates"].weights.shape[2] == given[2] + units
        case "last_step":
            fits = len(given) == 3 and made in (given[:1] + given[2:], (*given[:1], 1, *given[2:]))
        case "reshape":
            fits = math.prod(made) == math.prod(given)
        case "pad":
            rows = attributes["padding"]
            fits = len(rows) == len(given) and made == tuple(
                extent + before + after
                for extent, (before, after) in zip(given, rows, strict=True)
            )
    if not fits:
        raise ValueError(
            f"{operation.place}: {given} does not become {made}: the file is damaged, or a shape "
            "is not known: export it again with a fixed batch of 1"
        )


def _joined(shapes: list[tuple[int, ...]], axis: int) -> tuple[int, ...] | None:
    """The shape of tensors one behind the other along an axis; None when others differ."""
    rests = {(*shape[:axis], 0, *shape[axis + 1 :]) for shape in shapes}
    if len(rests) > 1:
        return None
    (rest,) = rests
    return (*rest[:axis], sum(shape[axis] for shape in shapes), *rest[axis + 1 :])


def _missing(names: Sequence[str], tensors: dict[str, Tensor]) -> str | None:
    return next((name for name in names if name not in tensors), None)
