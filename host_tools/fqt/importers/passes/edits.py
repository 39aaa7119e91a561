"""What passes do to a graph: tensors renamed, operations taken out, a tensor's quantization
changed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fqt.importers.graph import Graph, Operation, Quantization


def remove(graph: Graph, operation: Operation) -> None:
    """Take out an operation with one input: readers of its output read its input."""
    graph.operations = [
        replace(one, inputs=tuple(_renamed(name, operation) for name in one.inputs))
        for one in graph.operations
        if one is not operation
    ]
    graph.output = _renamed(graph.output, operation)


def _renamed(name: str, operation: Operation) -> str:
    return operation.inputs[0] if name == operation.output else name


def change(graph: Graph, operation: Operation, **fields) -> None:
    """Fields of an operation, and attributes by their names."""
    attributes = {**operation.attributes}
    attributes |= {name: fields.pop(name) for name in list(fields) if name in attributes}
    at = next(i for i, one in enumerate(graph.operations) if one is operation)
    graph.operations[at] = replace(operation, attributes=attributes, **fields)


def requantize(graph: Graph, tensor: str, quantization: Quantization | None) -> None:
    graph.tensors[tensor] = replace(graph.tensors[tensor], quantization=quantization)


def is_alone(graph: Graph, tensor: str) -> bool:
    """Whether one operation reads it, and it is not the network's output."""
    return len(graph.readers(tensor)) == 1 and tensor != graph.output


def is_same(one: Quantization | None, other: Quantization | None) -> bool:
    """Whether equal int8 values mean equal numbers."""
    if one is None or other is None:
        return one is other
    return bool(
        one.axis == other.axis
        and np.array_equal(one.scales, other.scales)
        and np.array_equal(one.zero_points, other.zero_points)
    )
