"""A float32 network as a Sequential with its weights, which fqt.quantize then brings to int8."""

from __future__ import annotations

from fqt.importers.network import Network
from fqt.layers.described import described
from fqt.layers.lstm import LSTM
from fqt.layers.recurrent import Recurrent
from fqt.layers.weighted import Weighted
from fqt.train.sequential import Sequential


def to_float(network: Network) -> Sequential:
    """network: one that is float32. Raises ValueError for shapes that do not fit, naming the
    layer."""
    names = ["input", *(node.name for node in network.nodes)]
    layers = [
        described(node, node.shape[2], names[node.inputs[0]], names[node.inputs[-1]])
        for node in network.nodes
    ]
    net = Sequential(layers, network.input_shape, name=network.name, loss=network.loss)
    for layer, node in zip(net.layers, network.nodes, strict=True):
        if isinstance(layer, Weighted) and node.weights is not None and node.biases is not None:
            layer.weights = node.weights.reshape(layer.weights.shape)
            layer.biases = node.biases
        if isinstance(layer, Recurrent) and node.gates is not None:
            layer.weights, layer.biases = node.gates.weights, node.gates.biases
            if isinstance(layer, LSTM):
                layer.limit = node.gates.limit
    net.input_map = network.input_map
    return net
