"""The networks whose counted cycles the estimates of fqt.boards are fitted to, and those that
check the fit, which were never fitted to."""

from __future__ import annotations

from fqt.file.model_file import ModelFile
from fqt.layers import (
    GRU,
    LSTM,
    AveragePool2D,
    Concatenate,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Flatten,
    GlobalAveragePool,
    LeakyReLU,
    MaxPool2D,
    Multiply,
    Sigmoid,
    Tanh,
    Upsample2D,
)
from fqt.layers.layer import Layer
from fqt.train.quantize import quantize
from fqt.train.reference_networks import MLPERF_TINY, NETWORKS, images, time_series
from fqt.train.sequential import Sequential


def _quantized(net: Sequential) -> ModelFile:
    return quantize(net, images(net.input_shape, 64) / 255, train="all")


def pooled() -> ModelFile:
    """Convolutions and pooling by turns, on small color images."""
    layers = [
        Conv2D(12, 3, padding="same", activation="relu"),
        MaxPool2D(2),
        Conv2D(24, 3, padding="same", activation="relu"),
        AveragePool2D(2),
        Flatten(),
        Dense(48, activation="relu"),
        Dense(10),
    ]
    return _quantized(Sequential(layers, (20, 20, 3), seed=1, name="pooled"))


def functions() -> ModelFile:
    """Functions by tables, a gate of one value a channel, upsampling, and two layers side by
    side."""
    layers = [
        Conv2D(8, 3, stride=2, padding="same", name="stem"),
        Tanh(),
        Upsample2D(2, name="large"),
        Conv2D(8, 3, padding="same", name="wide"),
        LeakyReLU(name="map"),
        GlobalAveragePool(),
        Dense(8),
        Sigmoid(name="gate"),
        Multiply("gate", source="map"),
        Concatenate("large"),
        MaxPool2D(4),
        Dense(6),
    ]
    return _quantized(Sequential(layers, (16, 16, 2), seed=1, name="functions"))


def narrow() -> ModelFile:
    """Few channels, and a wide dense layer behind a pool."""
    layers = [
        Conv2D(4, 5, stride=2, padding="same", activation="relu"),
        Conv2D(6, 3, activation="relu"),
        MaxPool2D(2),
        Dense(96, activation="relu"),
        Dense(4),
    ]
    return _quantized(Sequential(layers, (32, 32, 1), seed=1, name="narrow"))


def letters() -> ModelFile:
    """Convolutions with pools behind them, as for handwritten letters."""
    layers = [
        Conv2D(8, 3, padding="same", activation="relu"),
        MaxPool2D(2),
        Conv2D(16, 3, padding="same", activation="relu"),
        MaxPool2D(2),
        Dense(26),
    ]
    return _quantized(Sequential(layers, (28, 28, 1), seed=1, name="letters"))


def slim() -> ModelFile:
    """Depthwise separable convolutions of few channels."""
    layers = [
        Conv2D(8, 3, stride=2, padding="same", activation="relu6"),
        DepthwiseConv2D(3, padding="same"),
        Conv2D(16, 1, activation="relu6"),
        DepthwiseConv2D(3, 2, "same", activation="relu6"),
        Conv2D(24, 1, activation="relu6"),
        GlobalAveragePool(),
        Dense(5),
    ]
    return _quantized(Sequential(layers, (24, 24, 1), seed=1, name="slim"))


def _behind_steps(name: str, steps: int, features: int, layers: list[Layer]) -> ModelFile:
    """Frozen recurrent layers over some steps, and what trains behind them."""
    head = [Dense(12, activation="relu"), Dense(5)]
    net = Sequential([*layers, *head], (1, steps, features), seed=1, name=name)
    return quantize(net, images(net.input_shape, 64) / 255, train="last:2")


def recurrent() -> ModelFile:
    """LSTMs over 24 steps."""
    return _behind_steps("recurrent", 24, 6, [LSTM(24, sequence=True), LSTM(16)])


def gated() -> ModelFile:
    """GRUs over 20 steps."""
    return _behind_steps("gated", 20, 8, [GRU(20, sequence=True), GRU(12)])


# cnn28_last has the layers of cnn28: none of both would be estimated from others. mobile, which
# is slow to count, checks the fit by what `make bench` counted. Those of MLPerf Tiny are slower.
NOT_FITTED = {"cnn28_last", "mobile", *MLPERF_TINY}
FITTED = {name: net for name, net in NETWORKS.items() if name not in NOT_FITTED} | {
    net.__name__: net for net in (pooled, functions, narrow, slim, recurrent, gated)
}
CHECKED = {"letters": letters, "time_series": lambda: _quantized(time_series())}
