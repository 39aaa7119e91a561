"""Layers in float32, forward next to backward: what networks are described with on the host.

Images are [batch][height][width][channels]. Each layer's `build` learns its shapes; `forward`
keeps what `backward` needs; `backward` takes the gradient of the loss by the layer's output, keeps
those by its parameters (summed over the batch) and returns the one by its input. Constructors
raise ValueError for arguments that no model file holds, `build` for shapes that do not fit.

__all__ is the list of layers: fqt exports these, and an experiment's file names them.
"""

from fqt.layers.add import Add
from fqt.layers.average_pool2d import AveragePool2D, GlobalAveragePool
from fqt.layers.batch_normalization import BatchNormalization
from fqt.layers.concatenate import Concatenate
from fqt.layers.conv1d import Conv1D
from fqt.layers.conv2d import Conv2D
from fqt.layers.dense import Dense
from fqt.layers.depthwise_conv2d import DepthwiseConv2D
from fqt.layers.flatten import Flatten
from fqt.layers.gru import GRU
from fqt.layers.lstm import LSTM
from fqt.layers.max_pool2d import MaxPool2D
from fqt.layers.multiply import Multiply
from fqt.layers.table import (
    ELU,
    GELU,
    SELU,
    HardSigmoid,
    HardSwish,
    HardTanh,
    LeakyReLU,
    Mish,
    Sigmoid,
    SiLU,
    Softplus,
    Tanh,
)
from fqt.layers.upsample2d import Upsample2D

__all__ = [
    "ELU",
    "GELU",
    "GRU",
    "LSTM",
    "SELU",
    "Add",
    "AveragePool2D",
    "BatchNormalization",
    "Concatenate",
    "Conv1D",
    "Conv2D",
    "Dense",
    "DepthwiseConv2D",
    "Flatten",
    "GlobalAveragePool",
    "HardSigmoid",
    "HardSwish",
    "HardTanh",
    "LeakyReLU",
    "MaxPool2D",
    "Mish",
    "Multiply",
    "SiLU",
    "Sigmoid",
    "Softplus",
    "Tanh",
    "Upsample2D",
]
