"""ReLU and ReLU6 as part of the layer that makes the numbers: through max pooling and what only
moves data, which commute with them. Functions that a device has as tables stay."""

from __future__ import annotations

from fqt.importers.graph import Graph, Operation, refuse
from fqt.importers.passes.edits import change, is_alone, remove, requantize
from fqt.kinds import FUNCTIONS

TAKE = ("convolution", "dense", "add", "multiply", "concatenate")
PRODUCTS = {"sigmoid": "silu", "hard_sigmoid": "hard_swish"}  # of x and these of x
PASS_THROUGH = ("max_pool", "reshape", "transpose")


def fuse_activations(graph: Graph) -> None:
    """Raises ValueError for a function that no layer takes."""
    # Operations are replaced while this goes on: found by their output, which stays.
    for output in [one.output for one in graph.operations if one.kind == "activation"]:
        operation = graph.maker(output)
        assert operation is not None
        function = operation.attributes["function"]
        if function in ("relu", "relu6"):
            _fuse(graph, operation, function)
        elif function not in FUNCTIONS:
            refuse(
                operation.place,
                f"{function} inside a network",
                f"layers have ReLU, ReLU6, {', '.join(FUNCTIONS)}; train the network again with "
                "one of them",
            )


def fuse_products(graph: Graph) -> None:
    """x * sigmoid(x) and x * hard_sigmoid(x) of float numbers as one function; int8 ones are each
    a layer, as there."""
    for output in [one.output for one in graph.operations if one.kind == "multiply"]:
        product = graph.maker(output)
        assert product is not None
        gates = [graph.maker(name) for name in product.inputs]
        for gate, given in zip(gates, product.inputs[::-1], strict=True):
            if (
                gate is not None
                and gate.kind == "activation"
                and gate.attributes["function"] in PRODUCTS
                and gate.inputs == (given,)
                and is_alone(graph, gate.output)
                and graph.tensors[given].quantization is None
                and product.attributes["activation"] == "none"
            ):
                function = PRODUCTS[gate.attributes["function"]]
                attributes = {**gate.attributes, "function": function}
                at = graph.operations.index(product)
                graph.operations[at] = Operation(
                    "activation", (given,), output, attributes, product.place
                )
                graph.operations.remove(gate)
                break


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
