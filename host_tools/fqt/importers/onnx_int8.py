"""A graph with QuantizeLinear and DequantizeLinear between its float operations (QDQ) as the int8
graph that it means: tensors with scales and zero points, weights and biases in integers.

A ReLU has vanished into the range of what it made: where that begins at zero there is one again,
so that a device's gradient is that of a ReLU too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from fqt.importers.graph import Graph, Operation, Quantization, refuse
from fqt.importers.passes.edits import change, is_alone, requantize

KEEP = ("reshape", "transpose", "max_pool", "upsample")
RANGED = ("convolution", "dense", "add")
RANGE_ENDS = ("relu", "relu6")  # functions that the range of what they read can be
LOWEST = -128


def make_int8(graph: Graph, scales: Mapping[str, np.ndarray]) -> None:
    """scales: of each tensor of weights, float32 [1] or [outputs]. Raises ValueError for weights
    that are not of these scales."""
    for operation in graph.operations:
        given = graph.tensors[operation.inputs[0]].quantization
        if operation.kind == "quantize":
            _reach_back(graph, operation)
        elif operation.kind in (*KEEP, "dequantize") and given is not None:
            requantize(graph, operation.output, given)
    made = [one for one in graph.operations if one.kind in RANGED]
    for operation in made:
        if operation is not made[-1] and _is_relu(graph, operation):
            change(graph, operation, activation="relu")
        if operation.kind != "add":
            _make_parameters_int8(graph, operation, scales)


def _reach_back(graph: Graph, operation: Operation) -> None:
    """The range in which an operation's output is read is that in which it is made."""
    quantization = graph.tensors[operation.output].quantization
    name = operation.inputs[0]
    while name != graph.input and graph.tensors[name].quantization is None:
        requantize(graph, name, quantization)
        maker = graph.maker(name)
        if maker is None or not (maker.kind in KEEP or _is_part_of_a_layer(maker)):
            break
        name = maker.inputs[0]
        if not is_alone(graph, name):
            break


def _is_part_of_a_layer(operation: Operation) -> bool:
    return operation.kind == "activation" and operation.attributes["function"] in RANGE_ENDS


def _is_relu(graph: Graph, operation: Operation) -> bool:
    quantization = graph.tensors[operation.output].quantization
    has_function = any(one.kind == "activation" for one in graph.readers(operation.output))
    return (
        quantization is not None
        and bool((quantization.zero_points == LOWEST).all())
        and not has_function
    )


def _make_parameters_int8(
    graph: Graph, operation: Operation, scales: Mapping[str, np.ndarray]
) -> None:
    names = operation.inputs
    given = graph.tensors[names[0]].quantization
    if given is None:  # a float part: told when layers are made
        return
    weights, biases = (graph.tensors[name] for name in names[1:])
    assert weights.values is not None and biases.values is not None
    own = scales.get(names[1])
    if own is None or len(own) not in (1, len(weights.values)):
        refuse(operation.place, "its weights have no scales", "quantize the weights too")
    by_output = own.reshape(-1, *[1] * (weights.values.ndim - 1))
    whole = np.rint(weights.values / by_output)
    if (
        np.abs(whole).max() > 127
        or np.abs(whole * by_output - weights.values).max() > own.max() / 8
    ):
        refuse(
            operation.place,
            "its weights are not in -127 to 127, with a scale a tensor or an output",
            "quantize again, weights int8, symmetric and reduced to that range",
        )
    units = given.scales.astype(np.float64) * own
    sums = np.rint(biases.values / units)
    if np.abs(sums).max() >= 1 << 31:
        refuse(operation.place, "a bias is beyond 32 bits", "train with smaller biases")
    axis = 0 if len(own) > 1 else None
    graph.tensors[names[1]] = replace(
        weights,
        values=whole.astype(np.int8),
        quantization=Quantization(own, np.zeros(len(own), np.int64), axis),
    )
    graph.tensors[names[2]] = replace(
        biases,
        values=sums.astype(np.int32),
        quantization=Quantization(units.astype(np.float32), np.zeros(len(own), np.int64), axis),
    )
