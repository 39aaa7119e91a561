"""QUANTIZE and DEQUANTIZE inside a network: from one int8 range to another, which the layer that
makes the numbers can do by itself."""

from __future__ import annotations

from fqt.importers.graph import Graph, refuse
from fqt.importers.passes.edits import change, is_alone, is_same, remove

RANGED = ("convolution", "dense", "add", "multiply", "concatenate", "average_pool", "mean", "lstm")


def fold_quantize(graph: Graph) -> None:
    """Raises ValueError for what cannot be folded."""
    kinds = ("quantize", "dequantize")
    # Operations are replaced while this goes on: found by their output, which stays.
    for output in [one.output for one in graph.operations if one.kind in kinds]:
        operation = graph.maker(output)
        assert operation is not None
        given, wanted = (
            graph.tensors[name].quantization for name in (operation.inputs[0], operation.output)
        )
        if is_same(given, wanted):
            remove(graph, operation)
            continue
        maker = graph.maker(operation.inputs[0])
        if given is None or wanted is None:
            refuse(
                operation.place,
                "a part of the network is int8, a part float",
                "quantize all of it, or none",
            )
        if maker is None or maker.kind not in RANGED or not is_alone(graph, operation.inputs[0]):
            refuse(
                operation.place,
                "it changes the int8 range of what no layer alone makes for it",
                "convert the network again, so that these layers have one range",
            )
        graph.operations = [one for one in graph.operations if one is not operation]
        change(graph, maker, output=operation.output)
