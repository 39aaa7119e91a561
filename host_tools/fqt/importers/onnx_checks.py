"""What is looked at in an .onnx file before onnxruntime gets it: so that a message names the
place, and that neither a computation that is folded nor a shape that lies takes memory without an
end."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from fqt.importers.graph import MAX_COMPUTED, refuse

AGAIN = "fetch or export it again"
# What operators of networks that are quantized in another way than QDQ begin with.
QUANTIZED = (
    "DynamicQuantizeLinear",
    "MatMulInteger",
    "ConvInteger",
    "QLinear",
    "QGemm",
    "QAttention",
)
ML = "ai.onnx.ml"  # the domain of operators that scikit-learn's exporter writes
RUNTIME = "com.microsoft"  # the domain of onnxruntime's own operators
# What one byte of a tensor holds at most, of types of one bit.
ELEMENTS_A_BYTE = 8
SHOWN_BYTES = 30  # of a name that is none
# Operators whose output can be far larger than all that they read: its shape must be known.
GROWING: tuple[str, ...] = (
    "ConstantOfShape",
    "Expand",
    "Tile",
    "Range",
    "OneHot",
    "EyeLike",
    "Pad",
    "Resize",
)
OF_SHAPES = ("Shape", "Size")  # which read no numbers
GROWING += ("Upsample", "RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike")


def place_of_node(number: int, node) -> str:
    """A node, from 1, for messages."""
    return f"node {number}, {node.op_type}" + (f" {node.name!r}" if node.name else "")


def check_texts(message) -> None:
    """Raises SourceError for a name in any part of a message that is no text: protobuf gives its
    bytes, or raises, as its version is."""
    try:
        fields = message.ListFields()
    except UnicodeDecodeError as error:
        fields = [(None, error.object)]
    for field, value in fields:
        is_one = isinstance(value, (str, bytes)) or hasattr(value, "ListFields")
        if field is not None and field.type == field.TYPE_MESSAGE:
            for inner in [value] if is_one else value:
                check_texts(inner)
        elif field is None or field.type == field.TYPE_STRING:
            wrong = next(
                (one for one in ([value] if is_one else value) if isinstance(one, bytes)), None
            )
            if wrong is not None:
                refuse(
                    "the file",
                    f"a name in it is no text, {wrong[:SHOWN_BYTES]!r}",
                    f"it is damaged: {AGAIN}",
                )


def check_model(onnx, model) -> None:
    """Of the whole file, functions and inner graphs too: nodes and constants. Raises
    SourceError."""
    functions = {(one.domain, one.name) for one in model.functions}
    for graph in (one for whole in (model.graph, *model.functions) for one in _graphs(whole)):
        for tensor in getattr(graph, "initializer", ()):
            _check_tensor(f"constant {tensor.name!r}", tensor)
        if getattr(graph, "sparse_initializer", ()):
            refuse("its weights", "they are sparse", "export it with dense ones")
        for number, node in enumerate(graph.node, 1):
            place = place_of_node(number, node)
            _check_operator(onnx, place, node, functions)
            for one in node.attribute:
                sparse = (one.sparse_tensor.values, one.sparse_tensor.indices)
                for tensor in (one.t, *one.tensors, *sparse):
                    _check_tensor(place, tensor)


def _graphs(graph) -> Iterator[Any]:
    """A graph, and those within its nodes."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                yield from _graphs(inner)


def _check_operator(onnx, place: str, node, functions: set[tuple[str, str]]) -> None:
    if node.op_type.startswith(QUANTIZED):
        refuse(
            place,
            "it is quantized, not with QuantizeLinear and DequantizeLinear (QDQ)",
            "quantize so, or export the float network and calibrate it here",
        )
    domain = "" if node.domain == "ai.onnx" else node.domain
    is_known = domain == RUNTIME or (node.domain, node.op_type) in functions
    if not is_known and not onnx.defs.has(node.op_type, domain):
        refuse(
            place,
            f"no operator of ONNX's, of the domain {domain!r}"
            if domain
            else "no operator of ONNX",
            "build the network of ONNX's operators that docs/importing.md lists",
        )


def _check_tensor(place: str, tensor) -> None:
    if tensor.data_location or tensor.external_data:
        location = next((one.value for one in tensor.external_data if one.key == "location"), "?")
        refuse(
            place,
            f"its numbers are in another file, {location!r}",
            "export the network as one file (torch.onnx.export(..., external_data=False), "
            "onnx.save(onnx.load(path), new))",
        )
    shape = tuple(tensor.dims)
    if min(shape, default=0) < 0 or math.prod(shape) > ELEMENTS_A_BYTE * max(tensor.ByteSize(), 1):
        refuse(
            place,
            f"it says that it holds {shape} numbers, in {tensor.ByteSize()} bytes",
            f"the file is damaged: {AGAIN}",
        )


def check_sizes(onnx, model) -> None:
    """Raises SourceError for a tensor that is larger than all that a device holds, since
    onnxruntime computes what does not depend on the input at once."""
    inferred = onnx.shape_inference.infer_shapes(model, data_prop=True)
    known = set()
    for one in (*inferred.graph.input, *inferred.graph.value_info, *inferred.graph.output):
        tensor = one.type.tensor_type
        sizes = [dimension.dim_value for dimension in tensor.shape.dim]
        if math.prod(size for size in sizes if size > 0) > MAX_COMPUTED:
            refuse(
                f"tensor {one.name!r}",
                f"its shape is {tuple(sizes)}",
                f"a device holds far fewer than {MAX_COMPUTED} numbers: make the network smaller",
            )
        if tensor.HasField("shape") and all(sizes):
            known.add(one.name)
    fed = {one.name for one in inferred.graph.input}  # what samples change is not computed at once
    for number, node in enumerate(inferred.graph.node, 1):
        if node.op_type not in OF_SHAPES and fed & set(node.input):
            fed |= set(node.output)
        elif node.op_type in GROWING and not known.issuperset(node.output):
            refuse(
                place_of_node(number, node),
                "the shape of what it makes depends on computed numbers",
                "export the network with fixed shapes",
            )
