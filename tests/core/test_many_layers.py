"""Networks of as many layers as a file can have: 128, of which PyTorch's MobileNetV2 needs 67."""

import numpy as np
import pytest
from forge import DENSE, Layer, forge
from training import train_on

from fqt.file.layout import MAX_LAYERS
from fqt.model_file import ModelFile, ModelFileError
from fqt.reference import Network
from fqt.run import core
from models import Layer as Drawn
from models import random_model, random_samples


def deep_model(layers, seed=31):
    """Blocks of two depthwise layers and their sum, of which every other one trains, between a
    convolution and a dense layer; 5x5x1, 3 classes."""
    drawn = [Drawn("conv2d", 3, (3, 3), activation="none")]
    while len(drawn) < layers - 1:
        block = len(drawn)
        small = {"activation": "relu6", "trainable": block % 2 == 0}
        drawn += [
            Drawn("depthwise_conv2d", 3, (3, 3), (1, 1), (1, 1, 1, 1), **small),
            Drawn("depthwise_conv2d", 3, activation="none", trainable=block % 4 < 2),
            Drawn("add", inputs=(block, block + 2), activation="none"),
        ]
    drawn = [*drawn[: layers - 1], Drawn("dense", 3)]
    return random_model(drawn, (5, 5, 1), seed)


@pytest.mark.parametrize("layers", [100, MAX_LAYERS - 1])
def test_a_deep_network_trains_with_the_reference_bytes(layers):
    model = deep_model(layers)
    x, y = random_samples(model, 4, 5), np.arange(4) % 3
    reference, net = Network(model, 8), core.Model(model, 8)
    for i in range(6):
        reference.train(x[i % 4], y[i % 4], 0.02)
        net.train(x[i % 4], y[i % 4], 0.02)
    assert net.to_bytes() == reference.to_bytes()
    assert core.Model(reference.to_bytes(), 8).to_bytes() == reference.to_bytes()
    assert net.memory_bound <= net.memory


def test_one_under_micropython(unix_port):
    train_on(unix_port, deep_model(100), 12, 12, 0.02)


def test_a_file_of_more_layers_is_refused():
    def dense_chain(layers):
        return forge([Layer(DENSE, (1, 1, 2), 2) for _ in range(layers)], (1, 1, 2))

    assert core.Model(dense_chain(MAX_LAYERS)).to_bytes()
    said = f"{MAX_LAYERS + 1} layers, 1 to {MAX_LAYERS} are possible"
    for reader in (core.Model, ModelFile.from_bytes):
        with pytest.raises(ModelFileError, match=said):
            reader(dense_chain(MAX_LAYERS + 1))
