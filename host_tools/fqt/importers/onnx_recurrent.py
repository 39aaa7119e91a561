"""LSTM nodes of .onnx files, and the last step that is picked of what they make.

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
from fqt.layers.lstm import NO_LIMIT

ORDER = [0, 2, 3, 1]  # ONNX's gates are input, output, forget, cell
USUAL = [b"Sigmoid", b"Tanh", b"Tanh"]


def lstm(reader: OnnxGraph, node: FileNode) -> None:
    """Raises SourceError for what the device's lstm does not do."""
    names = (*node.inputs, *[""] * 8)[:8]
    attributes = node.attributes
    for wrong, what in (
        (attributes.get("direction", b"forward") != b"forward", "goes in another direction"),
        (attributes.get("activations", USUAL) != USUAL, "has other functions than tanh"),
        (attributes.get("input_forget", 0), "couples its gates"),
        (attributes.get("layout", 0), "has the batch first"),
        (names[4], "has lengths of sequences"),
        (names[7], "has peepholes"),
        (len(node.outputs) > 2 and reader.is_read(node.outputs[2]), "gives its cell state"),
    ):
        if wrong:
            refuse(reader.place, f"it {what}", "train a plain LSTM, forward, of tanh and sigmoid")
    for number in (5, 6):
        if names[number] and np.any(reader.constant(node, number)):
            refuse(reader.place, "it begins with a state that is not 0", "let it begin with 0")
    weights, states = (reader.parameter(node, number) for number in (1, 2))
    units = states.shape[-1]
    biases = reader.parameter(node, 3) if names[3] else np.zeros((1, 8 * units), np.float32)
    given = reader.computed(node.inputs[0])
    _, steps, features = shape = reader.shape(given)
    wanted = [(1, 4 * units, features), (1, 4 * units, units), (1, 8 * units)]
    if [one.shape for one in (weights, states, biases)] != wanted or len(shape) != 3:
        refuse(reader.place, "the shapes of its weights do not fit", AGAIN)
    if not all(np.isfinite(one).all() for one in (weights, states, biases)):
        refuse(reader.place, "its weights are not all finite", "train the network again")
    joined = np.concatenate([weights[0], states[0]], axis=1).reshape(4, units, -1)[ORDER]
    limit = float(attributes.get("clip", 0.0))
    gates = Gates(
        np.ascontiguousarray(joined),
        biases.reshape(2, 4, units).sum(axis=0)[ORDER],
        limit if limit > 0 else NO_LIMIT,
    )
    made = reader.new(f"{node.outputs[0]}, steps", (1, steps, units))
    reader.add("lstm", (given,), made, gates=gates)
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
        refuse(reader.place, "it picks what is not the last step of an LSTM", REPLACE)
