"""A float32 network as a Sequential with its weights, which fqt.quantize then brings to int8."""

from __future__ import annotations

from fqt.importers.network import Network, Node
from fqt.layers import Add, AveragePool2D, Conv2D, Dense, DepthwiseConv2D, MaxPool2D, Multiply
from fqt.layers.layer import Layer
from fqt.layers.weighted import Weighted
from fqt.train.sequential import Sequential


def to_float(network: Network) -> Sequential:
    """network: one that is float32. Raises ValueError for shapes that do not fit, naming the
    layer."""
    names = ["input", *(node.name for node in network.nodes)]
    layers = [_layer(node, [names[tensor] for tensor in node.inputs]) for node in network.nodes]
    net = Sequential(layers, network.input_shape, name=network.name, loss=network.loss)
    for layer, node in zip(net.layers, network.nodes, strict=True):
        if isinstance(layer, Weighted) and node.weights is not None and node.biases is not None:
            layer.weights = node.weights.reshape(layer.weights.shape)
            layer.biases = node.biases
    return net


def _layer(node: Node, sources: list[str]) -> Layer:
    place = {"name": node.name, "source": sources[0]}
    window = node.kernel, node.stride
    match node.kind:
        case "dense":
            return Dense(node.shape[2], node.activation, **place)
        case "conv2d":
            return Conv2D(node.shape[2], *window, node.padding, node.activation, **place)
        case "depthwise_conv2d":
            return DepthwiseConv2D(*window, node.padding, node.activation, **place)
        case "max_pool2d":
            return MaxPool2D(*window, node.padding, **place)
        case "average_pool2d":
            return AveragePool2D(*window, **place)
    two_inputs = {"add": Add, "multiply": Multiply}[node.kind]
    return two_inputs(sources[1], node.activation, **place)
