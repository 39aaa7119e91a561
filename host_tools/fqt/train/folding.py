"""Batch normalizations in float32 networks, folded into the layers that they follow: no device has
them."""

from __future__ import annotations

import numpy as np

from fqt.layers.batch_normalization import BatchNormalization
from fqt.layers.weighted import Weighted
from fqt.train.sequential import Sequential


def folded(net: Sequential) -> Sequential:
    """A network of its own with equal outputs and without batch normalizations: what trains on a
    device.

    Each one's running statistics, gamma and beta go into the weights and biases of the layer that
    it follows, which keeps its name and takes the normalization's activation.
    """
    net = net.copy()
    makers = ["input"]  # of each tensor: the name of the layer that makes it when all are folded
    layers = []
    for layer, inputs in zip(net.layers, net.inputs, strict=True):
        sources = [makers[tensor] for tensor in inputs]
        if isinstance(layer, BatchNormalization):
            follows = net.layers[inputs[0] - 1]
            assert isinstance(follows, Weighted)  # as Sequential checks
            _fold(layer, follows)
            makers.append(sources[0])
            continue
        makers.append(layer.name)
        layer.sources = tuple(sources)
        layers.append(layer)
    folded_net = Sequential(layers, net.input_shape, name=net.name, loss=net.loss)
    folded_net.input_map, folded_net.output_map = net.input_map, net.output_map
    return folded_net


def _fold(normalization: BatchNormalization, into: Weighted) -> None:
    """gamma * (w x + b - mean) / sqrt(variance + epsilon) + beta = (w * factor) x + (b - mean) *
    factor + beta, channel by channel."""
    factors = normalization.gamma / np.sqrt(normalization.running_variance + normalization.epsilon)
    into.weights = into.weights * factors.reshape(-1, *[1] * (into.weights.ndim - 1))
    into.biases = (into.biases - normalization.running_mean) * factors + normalization.beta
    into.activation = normalization.activation
