"""The ends of a network: float inputs and outputs around int8, and the function behind the last
layer, which belongs to the loss."""

from __future__ import annotations

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


def strip_output(graph: Graph, loss: str | None) -> Operation | None:
    """Without what only changes how outputs are told, and without a function that a loss has;
    returns that one. loss: that which the user wants, or None. Raises ValueError for a softmax at
    each place of an image when no loss is wanted."""
    function = None
    while (last := graph.maker(graph.output)) is not None:
        if _is_function(last) and function is None:
            if loss is None:
                _check_axis(graph, last)
            function = last
        elif last.kind not in ("quantize", "dequantize", "reshape"):
            break
        remove(graph, last)
    return function


def _is_function(operation: Operation) -> bool:
    return operation.kind == "activation" and operation.attributes["function"] in LOSSES


def _check_axis(graph: Graph, operation: Operation) -> None:
    axis = operation.attributes["axis"]
    if axis is None:
        return
    shape = graph.tensors[operation.output].shape
    if graph.tensors[operation.output].elements != shape[axis]:
        refuse(
            operation.place,
            f"it is over axis {axis} of {shape}, at each place by itself",
            "a device's softmax_cross_entropy is over all outputs together; loss="
            "'mean_squared_error' (--loss) takes what lies before it, without the function",
        )


def drop_unread(graph: Graph) -> None:
    """Without operations that do not lead to the output."""
    needed = {graph.output}
    for operation in reversed(graph.operations):
        if operation.output in needed:
            needed |= set(operation.inputs)
    graph.operations = [one for one in graph.operations if one.output in needed]
