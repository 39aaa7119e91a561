"""ReLU and ReLU6 as part of the layer that makes the numbers: through max pooling and what only
moves data, which commute with them."""

from __future__ import annotations

from fqt.importers.graph import Graph, Operation, refuse
from fqt.importers.passes.edits import change, is_alone, remove, requantize

TAKE = ("convolution", "dense", "add", "multiply")
PASS_THROUGH = ("max_pool", "reshape", "transpose")


def fuse_activations(graph: Graph) -> None:
    """Raises ValueError for a function that no layer takes."""
    # Operations are replaced while this goes on: found by their output, which stays.
    for output in [one.output for one in graph.operations if one.kind == "activation"]:
        operation = graph.maker(output)
        assert operation is not None
        function = operation.attributes["function"]
        if function not in ("relu", "relu6"):
            refuse(
                operation.place,
                f"{function} inside a network",
                "layers have ReLU and ReLU6; train the network again with one of them",
            )
        _fuse(graph, operation, function)


def _fuse(graph: Graph, operation: Operation, function: str) -> None:
    between, tensor = [], operation.inputs[0]
    while True:
        maker = graph.maker(tensor)
        if maker is None or not is_alone(graph, tensor) or maker.kind not in TAKE + PASS_THROUGH:
            refuse(
                operation.place,
                f"{function} of what no layer alone makes for it",
                "put it behind a convolution, a dense layer or an addition",
            )
        between.append(tensor)
        if maker.kind in TAKE:
            break
        tensor = maker.inputs[0]
    if maker.attributes["activation"] != "none":
        if maker.attributes["activation"] != function:
            refuse(operation.place, "a second function behind another", "leave one of them out")
    else:
        change(graph, maker, activation=function)
    for tensor in between:
        requantize(graph, tensor, graph.tensors[operation.output].quantization)
    remove(graph, operation)
