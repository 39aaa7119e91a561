"""The ends of a network: float inputs and outputs around int8, and the function behind the last
layer, which belongs to the loss."""

from __future__ import annotations

import math

import numpy as np

from fqt.importers.graph import Graph, Operation, refuse
from fqt.importers.passes.edits import is_same, remove

LOSSES = {
    "softmax": "softmax_cross_entropy",
    "log_softmax": "softmax_cross_entropy",
    "sigmoid": "binary_cross_entropy",
}


def strip_input(graph: Graph) -> None:
    """Without the QUANTIZE that float samples meet first: a device does that by itself."""
    while len(readers := graph.readers(graph.input)) == 1 and readers[0].kind == "quantize":
        first = readers[0]
        if not is_same(
            *(graph.tensors[name].quantization for name in (graph.input, first.output))
        ):
            graph.input_type = "int8"  # bytes would need the other scale: numbers are taken alone
        graph.operations = [one for one in graph.operations if one is not first]
        graph.input = first.output


def strip_output(graph: Graph) -> Operation | None:
    """Without what only changes how outputs are told, and without a function that a loss has;
    returns that one."""
    function = None
    while (last := graph.maker(graph.output)) is not None:
        if _is_function(last) and function is None:
            function = last
        elif last.kind not in ("quantize", "dequantize", "reshape"):
            break
        remove(graph, last)
    return function


def _is_function(operation: Operation) -> bool:
    return operation.kind == "activation" and operation.attributes["function"] in LOSSES


def loss_of(graph: Graph, function: Operation | None, order: np.ndarray, channels: int) -> str:
    """The loss that has the function in it, which strip_output took out. order: where the
    outputs stand in the last layer's, [height][width][channels]. Raises ValueError for a softmax
    that is neither over all outputs nor over the channels of each place."""
    if function is None:
        return "mean_squared_error"
    axis = function.attributes["axis"]
    shape = graph.tensors[function.inputs[0]].shape
    if axis is None or math.prod(shape) == shape[axis]:
        return LOSSES[function.attributes["function"]]
    together = np.moveaxis(order.reshape(shape), axis, -1).reshape(-1, shape[axis])
    if shape[axis] != channels or (together // channels != together[:, :1] // channels).any():
        refuse(
            function.place,
            f"it is over axis {axis} of {shape}, which are not the channels of each place",
            "softmax over the channels, or over all outputs; or loss='mean_squared_error' "
            "(--loss) takes what lies before it, without the function",
        )
    return "pixelwise_cross_entropy"


def drop_unread(graph: Graph) -> None:
    """Without operations that do not lead to the output."""
    needed = {graph.output}
    for operation in reversed(graph.operations):
        if operation.output in needed:
            needed |= set(operation.inputs)
    graph.operations = [one for one in graph.operations if one.output in needed]
