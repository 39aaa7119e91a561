"""Networks of the kinds that microcontrollers run, with random weights.

NETWORKS holds those that `make bench` measures, quantized: real shapes, no data needed. The
functions behind it describe networks for data of any shape, to be trained: each is small enough
(at most 3 million multiply-adds) for training in int8 on a microcontroller, and trains from random
weights without batch normalization, at batch 1. The deepest one, mobile, needs inputs whose mean
square is about 1 for that: normalized, or bytes divided by their root mean square, of which
quantize is told the input_scale that follows. MLPERF_TINY are those four, larger, which MLPerf
Tiny (Banbury et al. 2021) measures inference with, in the shapes that it gives them.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fqt.file.model_file import ModelFile
from fqt.layers import (
    Add,
    Conv1D,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Flatten,
    GlobalAveragePool,
    MaxPool2D,
)
from fqt.layers.layer import Layer
from fqt.train.quantize import quantize
from fqt.train.sequential import Sequential


def images(shape: tuple[int, int, int], count: int) -> np.ndarray:
    """Smooth random blobs, uint8 [count][height][width][channels]: about half dark, as images
    are."""
    rng = np.random.default_rng(1)
    coarse = rng.uniform(-1, 1, (count, 4, 4, shape[2]))
    rows = np.linspace(0, 3.999, shape[0]).astype(int)
    columns = np.linspace(0, 3.999, shape[1]).astype(int)
    return (np.clip(coarse[:, rows][:, :, columns], 0, 1) * 255).astype(np.uint8)


def _with_images(net: Sequential, train="all") -> ModelFile:
    return quantize(net, images(net.input_shape, 64) / np.float32(255), train=train)


def _cnn28(name="cnn28") -> Sequential:
    layers: list[Layer] = [
        Conv2D(8, 3, stride=2, padding=1, activation="relu"),
        Conv2D(16, 3, stride=2, padding=1, activation="relu"),
        Dense(64, activation="relu"),
        Dense(10),
    ]
    return Sequential(layers, (28, 28, 1), seed=1, name=name)


def cnn28(train="all", name="cnn28") -> ModelFile:
    """28x28x1 -> conv3x3 s2 8 -> conv3x3 s2 16 -> fc 64 -> fc 10."""
    return _with_images(_cnn28(name), train)


def digits_layers() -> list[Layer]:
    """Of the network of `make demo`, for 8 x 8 x 1."""
    return [
        Conv2D(8, 3, padding="same", activation="relu"),
        Conv2D(16, 3, padding="same", activation="relu"),
        MaxPool2D(2),
        Flatten(),
        Dense(32, activation="relu"),
        Dense(10),
    ]


def _digits() -> Sequential:
    """The network of `make demo`."""
    return Sequential(digits_layers(), (8, 8, 1), seed=1, name="digits")


def _motion() -> Sequential:
    """Time series of 128 steps and 6 channels, as an accelerometer and gyroscope give."""
    layers: list[Layer] = [
        Conv2D(8, (1, 5), stride=(1, 2), activation="relu"),
        Conv2D(16, (1, 5), stride=(1, 2), activation="relu"),
        Conv2D(16, (1, 5), stride=(1, 2), activation="relu"),
        Dense(32, activation="relu"),
        Dense(6),
    ]
    return Sequential(layers, (1, 128, 6), seed=1, name="motion")


def mobile(
    input_shape: tuple[int, int, int] = (64, 64, 1), classes: int = 10, seed: int = 1
) -> Sequential:
    """A small MobileNet (Howard et al. 2017): depthwise separable convolutions with ReLU6, 100
    thousand parameters; as there, most of the work is in five equal blocks, here at an eighth of
    the input's extent. For images of 64x64 and about."""
    layers: list[Layer] = [Conv2D(8, 3, stride=2, padding="same", activation="relu6")]
    for units, stride in ((32, 2), (64, 1), (128, 2), *[(128, 1)] * 5):
        layers += _separable_convolution(units, stride)
    layers += [GlobalAveragePool(), Dense(classes)]
    return Sequential(layers, input_shape, seed, "mobile")


def separable(
    input_shape: tuple[int, int, int] = (49, 40, 1), classes: int = 3, seed: int = 1
) -> Sequential:
    """A depthwise separable network as keyword spotting uses (Zhang et al. 2017), for spectrograms
    (time x frequency x 1) and images of about 32x32 to 64x64."""
    layers: list[Layer] = [Conv2D(16, 3, stride=2, padding="same", activation="relu6")]
    for units, stride in ((32, 2), (48, 1), (64, 2)):
        layers += _separable_convolution(units, stride)
    layers.append(Dense(classes))
    return Sequential(layers, input_shape, seed, "separable")


def _separable_convolution(units: int, stride: int) -> list[Layer]:
    """The depthwise part is linear: with an activation behind each, and no batch normalization,
    the signal fades on its way and nothing is learned."""
    return [
        DepthwiseConv2D(3, stride, "same"),
        Conv2D(units, 1, activation="relu6"),
    ]


def time_series(
    input_shape: tuple[int, int, int] = (1, 128, 6), classes: int = 6, seed: int = 1
) -> Sequential:
    """Convolutions over time, for (1, time, channels) of 64 to 2048 steps: the longer the series,
    the wider the first kernel, as for vibration (Zhang et al. 2017, WDCNN)."""
    stride = max(2, input_shape[1] // 128)
    layers = [
        Conv1D(16, 4 * stride, stride, "same", "relu"),
        Conv1D(32, 5, 2, "same", "relu"),
        Conv1D(48, 3, 2, "same", "relu"),
        GlobalAveragePool(),
        Dense(classes),
    ]
    return Sequential(layers, input_shape, seed, "time_series")


def residual(
    input_shape: tuple[int, int, int] = (32, 32, 3), classes: int = 10, seed: int = 1
) -> Sequential:
    """A small residual network (He et al. 2016) for images of about 32x32."""
    layers: list[Layer] = [Conv2D(16, 3, stride=2, padding="same", activation="relu", name="stem")]
    layers += _residual_blocks((16, 1), (32, 2), (40, 2))
    return Sequential([*layers, Dense(classes)], input_shape, seed, "residual")


def _residual_blocks(*blocks: tuple[int, int]) -> list[Layer]:
    """Blocks of (units, stride) one behind the other, the first behind the layer "stem"."""
    layers: list[Layer] = []
    source = "stem"
    for number, (units, stride) in enumerate(blocks, 1):
        layers += _residual_block(number, source, units, stride)
        source = f"block_{number}"
    return layers


def _residual_block(number: int, source: str, units: int, stride: int) -> list[Layer]:
    """Two convolutions beside a shortcut, which is a convolution where the shape changes."""
    name = f"block_{number}"
    layers: list[Layer] = []
    if stride > 1:
        layers.append(Conv2D(units, 1, stride, name=f"{name}_short", source=source))
    layers += [
        Conv2D(units, 3, stride, "same", "relu", name=f"{name}_a", source=source),
        Conv2D(units, 3, padding="same", name=f"{name}_b"),
        Add(f"{name}_short" if stride > 1 else source, "relu", name=name),
    ]
    return layers


def autoencoder(input_shape: tuple[int, int, int] = (1, 1024, 1), seed: int = 1) -> Sequential:
    """Gives its input back through a bottleneck of 16 numbers: fitted to what is normal, its loss
    tells what is not."""
    elements = int(np.prod(input_shape))
    layers: list[Layer] = [
        Dense(64, activation="relu"),
        Dense(16),
        Dense(64, activation="relu"),
        Dense(elements),
    ]
    return Sequential(layers, input_shape, seed, "autoencoder", "mean_squared_error")


def ad_autoencoder() -> Sequential:
    """MLPerf Tiny's for anomalous sounds of machines: 640 numbers, five frames of a log-mel
    spectrogram, through 8."""
    layers: list[Layer] = [
        Dense(units, activation="relu") for units in (*[128] * 4, 8, *[128] * 4)
    ]
    layers.append(Dense(640))
    return Sequential(layers, (1, 640, 1), 1, "ad_autoencoder", "mean_squared_error")


def ds_cnn() -> Sequential:
    """MLPerf Tiny's for spoken words (Zhang et al. 2017): spectrograms of 49 x 10, 12 classes."""
    layers: list[Layer] = [Conv2D(64, (10, 4), stride=2, padding="same", activation="relu")]
    layers += _with_activations(*[(64, 1)] * 4)
    layers += [GlobalAveragePool(), Dense(12)]
    return Sequential(layers, (49, 10, 1), 1, "ds_cnn")


def _with_activations(*blocks: tuple[int, int]) -> list[Layer]:
    """Depthwise separable convolutions of (units, stride), ReLU behind both parts, as with batch
    normalization, which is folded when such a network is deployed."""
    layers: list[Layer] = []
    for units, stride in blocks:
        layers.append(DepthwiseConv2D(3, stride, "same", activation="relu"))
        layers.append(Conv2D(units, 1, activation="relu"))
    return layers


def resnet8() -> Sequential:
    """MLPerf Tiny's for images of 32 x 32 x 3 and 10 classes."""
    layers: list[Layer] = [Conv2D(16, 3, padding="same", activation="relu", name="stem")]
    layers += [*_residual_blocks((16, 1), (32, 2), (64, 2)), GlobalAveragePool(), Dense(10)]
    return Sequential(layers, (32, 32, 3), 1, "resnet8")


def vww_mobilenet() -> Sequential:
    """MLPerf Tiny's that tells whether a person is in the image of 96 x 96 x 3: MobileNet (Howard
    et al. 2017) at a quarter of its width."""
    layers: list[Layer] = [Conv2D(8, 3, stride=2, padding="same", activation="relu")]
    blocks = (16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (128, 2), *[(128, 1)] * 5, (256, 2)
    layers += _with_activations(*blocks, (256, 1))
    layers += [GlobalAveragePool(), Dense(2)]
    return Sequential(layers, (96, 96, 3), 1, "vww_mobilenet")


MLPERF_TINY: dict[str, Callable[[], Sequential]] = {
    net.__name__: net for net in (ad_autoencoder, ds_cnn, resnet8, vww_mobilenet)
}
# All by their names, in float32; of cnn28_last the last layer alone trains.
DESCRIBED: dict[str, Callable[[], Sequential]] = {
    "cnn28": _cnn28,
    "cnn28_last": lambda: _cnn28("cnn28_last"),
    "digits": _digits,
    "motion": _motion,
    "mobile": mobile,
    "separable": separable,
    "residual": residual,
    "autoencoder": autoencoder,
    **MLPERF_TINY,
}
TRAIN = dict.fromkeys(DESCRIBED, "all") | {"cnn28_last": "last:1"}
NETWORKS = {
    name: lambda name=name: _with_images(DESCRIBED[name](), TRAIN[name]) for name in DESCRIBED
}
