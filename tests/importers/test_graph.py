"""A graph that a reader made is whole, or one clear error says what is not."""

from dataclasses import replace

import numpy as np
import pytest

from fqt.importers.graph import Graph, Operation, Tensor, check_graph, refuse


def small_graph() -> Graph:
    tensors = {
        "x": Tensor("x", (1, 3)),
        "w": Tensor("w", (2, 3), np.ones((2, 3), np.float32)),
        "y": Tensor("y", (1, 2)),
        "z": Tensor("z", (1, 2)),
    }
    operations = [
        Operation("dense", ("x", "w"), "y", {"activation": "none"}, "operator 1, GEMM"),
        Operation("reshape", ("y",), "z", {}, "operator 2, RESHAPE"),
    ]
    return Graph(tensors, operations, "x", "z")


def test_a_whole_graph_tells_who_makes_and_who_reads_a_tensor():
    graph = check_graph(small_graph())
    first, second = graph.operations
    assert graph.maker("y") is first
    assert graph.maker("x") is None
    assert graph.readers("y") == [second]


def changed(graph: Graph, number: int, **fields) -> Graph:
    graph.operations[number] = replace(graph.operations[number], **fields)
    return graph


def retensored(graph: Graph, name: str, **fields) -> Graph:
    graph.tensors[name] = replace(graph.tensors[name], **fields)
    return graph


WRONG = {
    "operator 1, GEMM: 'conv' is no kind": lambda graph: changed(graph, 0, kind="conv"),
    "operator 1, GEMM: it has 1 inputs, not 2 to 3": lambda graph: changed(
        graph, 0, inputs=("x",)
    ),
    "operator 1, GEMM: its attributes are activation": lambda graph: changed(
        graph, 0, attributes={}
    ),
    "operator 2, RESHAPE: there is no tensor 'q'": lambda graph: changed(graph, 1, output="q"),
    "operator 1, GEMM: it reads 'z' before": lambda graph: changed(graph, 0, inputs=("z", "w")),
    "operator 2, RESHAPE: it makes 'y', which is there": lambda graph: changed(
        graph, 1, output="y"
    ),
    "operator 2, RESHAPE: (1, 2) does not become (1, 3)": lambda graph: retensored(
        graph, "z", shape=(1, 3)
    ),
    "nothing is in the shape (1, 0)": lambda graph: retensored(graph, "z", shape=(1, 0)),
    "far more than a device holds": lambda graph: retensored(graph, "z", shape=(1, 1 << 26)),
    "operator 2, RESHAPE: (1, 2) does not become": lambda graph: changed(
        graph,
        1,
        kind="activation",
        attributes={"function": "softmax", "axis": 2, "parameter": 0.0},
    ),
    "the output 'q' is no tensor": lambda graph: replace(graph, output="q"),
    "the input 'x' has the shape (2, 3)": lambda graph: retensored(graph, "x", shape=(2, 3)),
    "tensor w: (2, 3) is not (3, 2)": lambda graph: retensored(graph, "w", shape=(3, 2)),
}


@pytest.mark.parametrize("message", WRONG)
def test_a_graph_that_is_not_whole_is_refused(message):
    with pytest.raises(ValueError) as told:
        check_graph(WRONG[message](small_graph()))
    assert message in str(told.value)


def test_a_refusal_names_the_place_and_what_to_do():
    with pytest.raises(ValueError, match="operator 3, LSTM: no such layer: leave it out"):
        refuse("operator 3, LSTM", "no such layer", "leave it out")
