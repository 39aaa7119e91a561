"""LSTM and GRU nodes of .onnx files, and the last step that is picked of what they make.

ONNX has steps first, [steps][batch][features], and the batch is 1: the graph has such tensors with
the batch in front, and a transpose that moves it is no change of order (onnx_graph.py).
"""

from __future__ import annotations

import numpy as np

from fqt.importers.graph import refuse
from fqt.importers.network import Gates
from fqt.importers.onnx_checks import AGAIN
from fqt.importers.onnx_file import FileNode
from fqt.importers.onnx_graph import REPLACE, OnnxGraph
from fqt.kinds import GRU_GATES, LSTM_GATES, RESET_PLACES

LSTM_ORDER = [0, 2, 3, 1]  # ONNX's gates are input, output, forget, cell
GRU_ORDER = [1, 0, 2]  # and update, reset, new
LENGTHS, STATE, CELL, PEEPHOLES = 4, 5, 6, 7  # places among the inputs
LIMITED = "limits what its gates read"  # clip; no limit of a cell state


def lstm(reader: OnnxGraph, node: FileNode) -> None:
    """Raises SourceError for what the device's lstm does not do."""
    _refuse_others(
        reader,
        node,
        [b"Sigmoid", b"Tanh", b"Tanh"],
        (node.attributes.get("input_forget", 0), "couples its gates"),
        (node.attributes.get("clip", 0.0), LIMITED),
        (_input(node, PEEPHOLES), "has peepholes"),
        (len(node.outputs) > 2 and reader.is_read(node.outputs[2]), "gives its cell state"),
    )
    weights, biases = _parameters(reader, node, LSTM_GATES)
    _add(reader, node, "lstm", Gates(weights[LSTM_ORDER], biases.sum(axis=0)[LSTM_ORDER]))


def gru(reader: OnnxGraph, node: FileNode) -> None:
    """Raises SourceError for what the device's gru does not do."""
    clips = (node.attributes.get("clip", 0.0), LIMITED)
    _refuse_others(reader, node, [b"Sigmoid", b"Tanh"], clips)
    weights, biases = _parameters(reader, node, GRU_GATES)
    of_input, of_state = biases[:, GRU_ORDER]
    rows = np.concatenate([(of_input + of_state)[:2], of_input[2:], of_state[2:]])
    place = RESET_PLACES[0 if node.attributes.get("linear_before_reset", 0) else 1]
    if place == "reset_before":  # both are added to the same
        rows[2:] = rows[2] + rows[3], np.zeros_like(rows[3])
    _add(reader, node, "gru", Gates(weights[GRU_ORDER], rows, activation=place))


def _input(node: FileNode, number: int) -> str:
    """The name of one of its inputs, "" where that is left out."""
    return node.inputs[number] if number < len(node.inputs) else ""


def _refuse_others(
    reader: OnnxGraph, node: FileNode, functions: list[bytes], *others: tuple[object, str]
) -> None:
    """functions: those of the gates that are taken. others: what else is wrong, and its words."""
    attributes = node.attributes
    for wrong, what in (
        (attributes.get("direction", b"forward") != b"forward", "goes in another direction"),
        (attributes.get("activations", functions) != functions, "has other functions than tanh"),
        (attributes.get("layout", 0), "has the batch first"),
        (_input(node, LENGTHS), "has lengths of sequences"),
        *others,
    ):
        if wrong:
            advice = f"train a plain {node.operator}, forward, of tanh and sigmoid"
            refuse(reader.place, f"it {what}", advice)
    for number in (STATE, CELL):
        if _input(node, number) and np.any(reader.constant(node, number)):
            refuse(reader.place, "it begins with a state that is not 0", "let it begin with 0")


def _parameters(reader: OnnxGraph, node: FileNode, gates: int) -> tuple[np.ndarray, np.ndarray]:
    """Weights [gates][units][features, then units], and biases [2][gates][units], of the input and
    of the state, in ONNX's order of gates."""
    weights, states = (reader.parameter(node, number) for number in (1, 2))
    units = states.shape[-1]
    rows = gates * units
    biases = np.zeros((1, 2 * rows), np.float32)
    if _input(node, 3):
        biases = reader.parameter(node, 3)
    shape = reader.shape(reader.computed(node.inputs[0]))
    wanted = [(1, rows, shape[-1]), (1, rows, units), (1, 2 * rows)]
    if [one.shape for one in (weights, states, biases)] != wanted or len(shape) != 3:
        refuse(reader.place, "the shapes of its weights do not fit", AGAIN)
    if not all(np.isfinite(one).all() for one in (weights, states, biases)):
        refuse(reader.place, "its weights are not all finite", "train the network again")
    joined = np.concatenate([weights[0], states[0]], axis=1).reshape(gates, units, -1)
    return joined, biases.reshape(2, gates, units)


def _add(reader: OnnxGraph, node: FileNode, kind: str, gates: Gates) -> None:
    """The layer, and what is read of its outputs: all steps, or the last."""
    given = reader.computed(node.inputs[0])
    units = gates.biases.shape[1]
    made = reader.new(f"{node.outputs[0]}, steps", (1, reader.shape(given)[1], units))
    reader.add(kind, (given,), made, gates=gates)
    if reader.is_read(node.outputs[0]):
        reader.add("reshape", (made,), reader.computed(node.outputs[0]))
    if len(node.outputs) > 1 and reader.is_read(node.outputs[1]):
        reader.add("last_step", (made,), reader.computed(node.outputs[1]))


def pick(reader: OnnxGraph, node: FileNode) -> None:
    """Gather and Slice: of an axis of one element this one, of the steps the last."""
    shape = reader.file.shapes.get(node.inputs[0], ())
    if not shape or node.inputs[0] in reader.file.constants:
        refuse(reader.place, "no layer does this", REPLACE)
    if node.operator == "Gather":
        axis = node.attributes.get("axis", 0)
        picked = np.ravel(reader.constant(node, 1)).tolist()
    else:
        starts, ends, axes, strides = (
            np.ravel(reader.constant(node, number, usual)).tolist()
            for number, usual in ((1, None), (2, None), (3, [0]), (4, [1]))
        )
        if len(axes) != 1 or not -len(shape) <= axes[0] < len(shape) or not strides[0]:
            refuse(reader.place, "it slices several axes, or one that is not there", REPLACE)
        axis = axes[0]
        picked = list(range(shape[axis])[starts[0] : ends[0] : strides[0]])
    if not -len(shape) <= axis < len(shape):
        refuse(reader.place, f"there is no axis {axis} of {shape}", AGAIN)
    if shape[axis] == 1 and len(picked) == 1:
        reader.move(node)
    elif len(picked) == 1 and picked[0] in (-1, shape[axis] - 1):
        reader.add(
            "last_step", (reader.computed(node.inputs[0]),), reader.computed(node.outputs[0])
        )
    else:
        refuse(reader.place, "it picks what is not the last step of an LSTM or GRU", REPLACE)
