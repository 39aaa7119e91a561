"""An .onnx file as plain objects: its nodes after onnxruntime has brought them to their simplest
form (constants computed, shapes too, batch normalisation in the weights), for a batch of 1.

The packages onnx and onnxruntime are optional. Weights kept in files beside it are not read: the
file alone says what the network is.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from fqt.errors import said_by
from fqt.files import looks_like
from fqt.importers.graph import SourceError
from fqt.importers.onnx_checks import AGAIN, check_model, check_sizes, check_texts, place_of_node
from fqt.importers.onnx_ml import without_ml

MAX_NODES = 4096
ONE_END = "export the part with one input and one output"


@dataclass(frozen=True)
class FileNode:
    """operator: after the simplification; written: of the node in the file that it came from.
    domain: "" of ONNX's own operators. inputs: names, "" for one left out. place: number and name
    in the file, for messages."""

    operator: str
    written: str
    domain: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any]
    place: str


@dataclass(frozen=True)
class OnnxFile:
    """shapes: of what nodes make and of the input, as far as they are known. opset: the version of
    ONNX's operators. labels: the names of a classifier's classes that it has, or none."""

    nodes: list[FileNode]
    constants: dict[str, np.ndarray]
    shapes: dict[str, tuple[int, ...]]
    input: str
    output: str
    opset: int
    labels: tuple[str, ...] = ()


def read_file(data: bytes) -> OnnxFile:
    """Raises ValueError for what is damaged, not whole, quantized, or has a shape that is not
    known; RuntimeError that says what to install."""
    try:
        import onnx
        import onnxruntime
    except ImportError:
        raise RuntimeError(
            ".onnx files need the packages onnx and onnxruntime: pip install 'fqt-host[onnx]'"
        ) from None
    try:
        model = onnx.load_from_string(data)
    except Exception as error:  # protobuf's own
        raise ValueError(
            f"this is no whole .onnx file{looks_like(data)} ({said_by(error)}): {AGAIN}"
        ) from None
    if not model.graph.node or not model.opset_import:
        raise ValueError(
            f"this is no whole .onnx file{looks_like(data)}, it has no nodes: {AGAIN}"
        )
    if len(model.graph.node) > MAX_NODES:
        raise ValueError(
            f"it has {len(model.graph.node)} nodes, no device runs so many: make it smaller"
        )
    check_texts(model)
    check_model(onnx, model)
    labels = without_ml(onnx, model)
    places = _places(model.graph)
    _set_ends(onnx, model)
    try:
        check_sizes(onnx, model)
        plain = _plain(onnx, _simplest(onnx, onnxruntime, model), places)
    except SourceError:
        raise
    except Exception as error:  # onnxruntime's and onnx's own, and UnicodeDecodeError
        raise ValueError(
            f"onnxruntime does not take the file: {said_by(error)}: {AGAIN}, in float32, with a "
            "batch of 1 and an opset that it knows, as 20"
        ) from None
    return replace(plain, labels=labels)


def _places(graph) -> dict[str, tuple[str, str]]:
    """Of each output of a node its operator and its place."""
    return {
        output: (node.op_type, place_of_node(number, node))
        for number, node in enumerate(graph.node, 1)
        for output in node.output
    }


def _set_ends(onnx, model) -> None:
    """One input, of batch 1, and one output, whose shape follows from it."""
    graph = model.graph
    constants = {one.name for one in graph.initializer}
    inputs = [one for one in graph.input if one.name not in constants]
    for what, ends in (("inputs", inputs), ("outputs", graph.output)):
        if len(ends) != 1:
            raise ValueError(f"the network has {len(ends)} {what}, a model has one: {ONE_END}")
    (given,) = inputs
    tensor = given.type.tensor_type
    if tensor.elem_type != onnx.TensorProto.FLOAT:
        name = onnx.TensorProto.DataType.Name(tensor.elem_type)
        raise ValueError(f"its input {given.name!r} is {name}: export the network in float32")
    dimensions = tensor.shape.dim
    shape = [one.dim_value or one.dim_param or "?" for one in dimensions]
    if len(shape) < 2 or not all(isinstance(one, int) and one > 0 for one in shape[1:]):
        raise ValueError(
            f"its input {given.name!r} has the shape {shape}: export it with a batch first and "
            "fixed numbers behind it"
        )
    if isinstance(shape[0], int) and shape[0] != 1:
        raise ValueError(
            f"its input {given.name!r} has a fixed batch of {shape[0]}: export it with a batch "
            "of 1 or a dynamic one"
        )
    dimensions[0].dim_value = 1
    del graph.input[:]
    graph.input.append(given)
    model.ir_version = max(model.ir_version, 4)  # before, constants had to be inputs too
    graph.output[0].type.tensor_type.ClearField("shape")
    del graph.value_info[:]


def _simplest(onnx, onnxruntime, model):
    """The model as onnxruntime simplifies it, still of ONNX's operators, with shapes."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.log_severity_level = 4  # errors come as exceptions
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "simplest.onnx")
        options.optimized_model_filepath = str(path)
        onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        simplest = onnx.load_from_string(path.read_bytes())
    return onnx.shape_inference.infer_shapes(simplest, data_prop=True)


def _plain(onnx, model, places: dict[str, tuple[str, str]]) -> OnnxFile:
    graph = model.graph
    shapes = {}
    for one in (*graph.value_info, *graph.input, *graph.output):
        sizes = [dimension.dim_value for dimension in one.type.tensor_type.shape.dim]
        if one.type.tensor_type.HasField("shape") and all(sizes):
            shapes[one.name] = tuple(sizes)
    nodes: list[FileNode] = []
    written, place = "", "the network"
    for node in reversed(graph.node):
        # of one into which onnxruntime took another apart, the last makes what that made
        written, place = places.get(node.output[0], (written, place))
        domain = "" if node.domain == "ai.onnx" else node.domain
        attributes = {one.name: onnx.helper.get_attribute_value(one) for one in node.attribute}
        names = tuple(node.input), tuple(node.output)
        nodes.insert(0, FileNode(node.op_type, written, domain, *names, attributes, place))
    return OnnxFile(
        nodes,
        {one.name: onnx.numpy_helper.to_array(one) for one in graph.initializer},
        shapes,
        graph.input[0].name,
        graph.output[0].name,
        next(
            (one.version for one in model.opset_import if one.domain in ("", "ai.onnx")),
            1,
        ),
    )
