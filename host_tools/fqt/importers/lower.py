"""A graph becomes a network: passes over the graph, then layer by layer."""

from __future__ import annotations

import numpy as np

from fqt.file.layout import LOSSES as LOSS_NUMBERS
from fqt.file.layout import MAX_LAYERS
from fqt.importers.graph import Graph, refuse
from fqt.importers.layers import Lowering
from fqt.importers.network import Network, Node
from fqt.importers.passes.activations import fuse_activations, fuse_products
from fqt.importers.passes.constants import FOLDED
from fqt.importers.passes.ends import drop_unread, loss_of, strip_input, strip_output
from fqt.importers.passes.padding import fold_padding
from fqt.importers.passes.placement import Placement
from fqt.importers.passes.quantize_between import fold_quantize
from fqt.train.units import checked

STEMS = {"depthwise_conv2d": "depthwise", "average_pool2d": "average_pool"}
IDENTITY = 64  # in units of 1 / 64: exactly 1, with room to grow


def lower(graph: Graph, loss: str | None = None) -> Network:
    """The network that a device runs; the graph is changed. loss: in place of that which the
    source's last function says. Raises ValueError for what no layer does, naming its place."""
    if loss is not None and loss not in LOSS_NUMBERS:
        raise ValueError(f"loss is one of {', '.join(LOSS_NUMBERS)}, not {loss!r}")
    source_shape = graph.tensors[graph.input].shape
    strip_input(graph)
    function = strip_output(graph)
    drop_unread(graph)
    fold_quantize(graph)
    fuse_products(graph)
    fuse_activations(graph)
    fold_padding(graph)
    _check_count(graph)
    layers = Lowering(graph)
    for operation in graph.operations:
        layers.add(operation)
    placement = layers.placement
    placement.settle()
    output_order = _output_order(layers)
    nodes = layers.nodes
    if nodes[-1].weights is None or nodes[-1].activation != "none":
        nodes.append(identity(nodes))
    for number, node in enumerate(nodes, 1):
        node.name = f"{STEMS.get(node.kind, node.kind)}_{number}"
    said = "" if function is None else function.attributes["function"]
    return Network(
        nodes,
        source_shape[1:],
        placement.stored[0],
        placement.input_order,
        output_order,
        graph.input_type,
        loss or loss_of(graph, function, output_order, nodes[-1].shape[2]),
        said,
        graph.tensors[graph.input].quantization,
        _input_map(graph, placement),
        graph.labels if len(graph.labels) == nodes[-1].shape[2] else (),
        source=graph.source,
    )


def _check_count(graph: Graph) -> None:
    count = sum(one.kind not in ("reshape", "transpose") for one in graph.operations)
    if count > MAX_LAYERS:
        raise ValueError(
            f"the network has {count} layers, a device runs {MAX_LAYERS}: make it shallower"
        )


def _input_map(graph: Graph, placement: Placement) -> np.ndarray | None:
    """Offset and scale of each channel. Raises ValueError for constants that are not one a
    channel, and for scales that no model file has."""
    if graph.input_map is None:
        return None
    channels = placement.stored[0][2]
    maps = graph.input_map[:, placement.input_order].reshape(2, -1, channels)
    if (maps != maps[:, :1]).any():
        what = "it is scaled with constants that are not one a channel"
        refuse("the network's input", what, FOLDED)
    return checked("what scales the network's input", maps[:, 0].T, channels)


def _output_order(layers: Lowering) -> np.ndarray:
    """Where the source's outputs stand in the last layer's. Raises ValueError unless they are in
    the order of an image with its channels last, or where the source has images so first."""
    graph, placement = layers.graph, layers.placement
    placed = placement[graph.output]
    if placed.tensor != len(layers.nodes) or not any(
        node.weights is not None for node in layers.nodes
    ):
        raise ValueError("the network has no layers with weights that lead to its output")
    order = placed.order
    orders = [order]
    if order.ndim == 3 and graph.channels_first:
        orders.append(order.transpose(1, 2, 0))
    if not any(np.array_equal(one.ravel(), np.arange(order.size)) for one in orders):
        raise ValueError(
            f"{layers.nodes[-1].place}: the network's outputs are in another order than this "
            "layer's: leave out what moves them behind it"
        )
    return order.ravel()


def identity(nodes: list[Node]) -> Node:
    """A layer that gives what it reads, the output of the last node: the loss reads the sums of a
    layer with weights, which one with an activation, or without weights, has not."""
    last = nodes[-1]
    channels = last.shape[2]
    is_int8 = last.quantization is not None
    ones = np.ones((channels, 1, 1), np.float32)
    return Node(
        "depthwise_conv2d",
        last.place,
        (len(nodes),),
        last.shape,
        weights=(ones * IDENTITY).astype(np.int8) if is_int8 else ones,
        weight_scales=np.full(channels, 1 / IDENTITY, np.float32) if is_int8 else None,
        biases=np.zeros(channels, np.int32 if is_int8 else np.float32),
        quantization=last.quantization,
    )
