"""The float32 layers' and losses' gradients against finite differences, in float64."""

import numpy as np
import pytest

from fqt.layers import (
    ELU,
    GELU,
    SELU,
    Add,
    AveragePool2D,
    BatchNormalization,
    Concatenate,
    Conv1D,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Flatten,
    GlobalAveragePool,
    HardSigmoid,
    HardSwish,
    HardTanh,
    LeakyReLU,
    MaxPool2D,
    Mish,
    Multiply,
    Sigmoid,
    SiLU,
    Softplus,
    Tanh,
    Upsample2D,
)
from fqt.train.sequential import Sequential

NETWORKS = {
    "row": lambda: [
        Conv2D(3, (3, 2), stride=(1, 2), padding="same", activation="relu"),
        MaxPool2D((2, 3), stride=1),
        Conv2D(4, 2, padding=(1, 0, 0, 1)),
        Flatten(),
        Dense(5, activation="relu"),
        Dense(3),
    ],
    "depthwise": lambda: [
        Conv2D(4, 1, activation="relu6"),
        DepthwiseConv2D((2, 3), stride=(2, 1), padding=(1, 0, 2, 1), activation="relu6"),
        DepthwiseConv2D(2),
        Conv2D(3, 1, activation="relu"),
        GlobalAveragePool(),
        Dense(3),
    ],
    "pools": lambda: [
        Conv2D(4, 2, stride=3, padding=1),
        AveragePool2D(2, stride=1),
        MaxPool2D((1, 2), stride=(2, 1), padding=(0, 0, 1, 1)),
        Dense(3),
    ],
    "residual": lambda: [
        Conv2D(4, 3, padding="same", activation="relu", name="stem"),
        Conv2D(4, 3, padding="same", activation="relu6"),
        Conv2D(4, 1, name="branch"),
        Add("stem", "relu", name="sum"),
        Conv2D(2, 2, stride=2, name="left", source="sum"),
        MaxPool2D(2, name="right", source="sum"),
        Conv2D(2, 1, source="right"),
        Add("left"),
        Dense(3),
    ],
    "input read twice": lambda: [
        Conv2D(2, 1),
        Conv2D(2, 3, padding=1, source="input"),
        Add("conv2d_1", "relu6"),
        Add("input"),
        Dense(3),
    ],
    "side by side": lambda: [
        Conv2D(3, 3, padding=1, name="left"),
        Conv2D(2, 1, source="input"),
        Concatenate("left", "relu"),
        Concatenate("input"),
        Dense(3),
    ],
    "decoder": lambda: [
        Conv2D(4, 3, stride=3),
        Upsample2D((2, 3)),
        Conv2D(3, 2, activation="relu"),
        Upsample2D((3, 2), "zeros"),
        Conv2D(2, 3, padding="same"),
        Dense(3),
    ],
    "functions": lambda: [
        Conv2D(4, 2),
        Tanh(),
        Conv2D(4, 2),
        LeakyReLU(0.2),
        Conv2D(4, 1),
        ELU(0.7),
        Conv2D(4, 1),
        HardSwish(),
        Conv2D(4, 1),
        SiLU(),
        Dense(4),
        Sigmoid(),
        Dense(4),
        HardSigmoid(),
        Dense(4),
        GELU(),
        Dense(4),
        GELU(approximate=True),
        Dense(4),
        Softplus(),
        Dense(4),
        Mish(),
        Dense(4),
        SELU(),
        Dense(4),
        HardTanh(),
        Dense(3),
    ],
    "squeeze and excite": lambda: [
        Conv2D(4, 3, padding="same", activation="relu", name="features"),
        GlobalAveragePool(),
        Dense(4, activation="relu6", name="gates"),
        Multiply("gates", source="features"),
        Conv2D(4, 1, source="features", name="other"),
        Multiply("multiply_4", "relu"),
        Dense(3),
    ],
    "batch normalization": lambda: [
        Conv2D(4, 3, stride=2, padding="same"),
        BatchNormalization("relu6"),
        DepthwiseConv2D(2),
        BatchNormalization("relu"),
        Dense(4),
        BatchNormalization(),
        Dense(3),
    ],
}


def in_float64(net):
    for layer in net.layers:
        for name, values in layer.parameters.items():
            setattr(layer, name, values.astype(np.float64))
    return net


def check_gradients(net, x, y, places=6):
    rng = np.random.default_rng(1)
    for layer in net.layers:  # away from the start, where many are 0 or 1
        for values in layer.parameters.values():
            values += rng.normal(0, 0.2, values.shape)
    net.gradients(x, y)
    found = [dict(layer.gradients) for layer in net.layers]
    for layer, gradients in zip(net.layers, found, strict=True):
        assert gradients.keys() == layer.parameters.keys()
        for name, gradient in gradients.items():
            values = getattr(layer, name)
            assert gradient.shape == values.shape
            for index in rng.integers(0, values.size, places):
                kept, losses = values.flat[index], []
                for step in (1e-5, -1e-5):
                    values.flat[index] = kept + step
                    losses.append(net.gradients(x, y))
                values.flat[index] = kept
                slope = (losses[0] - losses[1]) / 2e-5
                assert gradient.flat[index] == pytest.approx(slope, abs=1e-6, rel=1e-4)


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("network", NETWORKS)
def test_layers(network, batch):
    net = in_float64(Sequential(NETWORKS[network](), (6, 9, 2), seed=2))
    rng = np.random.default_rng(3)
    x = rng.normal(size=(batch, 6, 9, 2)).astype(np.float32)
    check_gradients(net, x, rng.integers(0, 3, batch))


def test_convolutions_over_time():
    layers = [Conv1D(4, 5, 2, "same", "relu6"), Conv1D(3, 3, 1, (2, 0)), Dense(2)]
    net = in_float64(Sequential(layers, (1, 20, 3)))
    assert [layer.kind for layer in layers] == ["conv2d", "conv2d", "dense"]
    assert layers[0].output_shape == (1, 10, 4)
    assert layers[1].window.padding == (0, 0, 2, 0)
    x = np.random.default_rng(1).normal(size=(2, 1, 20, 3)).astype(np.float32)
    check_gradients(net, x, np.array([1, 0]))


@pytest.mark.parametrize("loss", ["mean_squared_error", "binary_cross_entropy"])
@pytest.mark.parametrize("outputs", [1, 4])
def test_losses(loss, outputs):
    layers = [Dense(6, activation="relu"), Dense(outputs)]
    net = in_float64(Sequential(layers, (1, 1, 5), loss=loss))
    rng = np.random.default_rng(1)
    check_gradients(net, rng.normal(size=(3, 5)), rng.uniform(size=(3, outputs)))


def test_pixelwise_cross_entropy():
    layers = [Conv2D(4, 3, padding="same", activation="relu"), Conv2D(3, 1)]
    net = in_float64(Sequential(layers, (3, 4, 2), loss="pixelwise_cross_entropy"))
    rng = np.random.default_rng(1)
    labels = rng.choice([0, 1, 2, 255], (3, 3, 4))
    x, y = net.labelled_samples(rng.normal(size=(3, 3, 4, 2)), labels)
    check_gradients(net, x, y)


def test_activations_pass_errors_on_where_they_do_not_clip():
    for activation, passed in (("none", [1, 1, 1]), ("relu", [0, 1, 1]), ("relu6", [0, 1, 0])):
        layer = DepthwiseConv2D(1, activation=activation)
        layer.build((1, 1, 3), np.random.default_rng(1))
        layer.weights[:] = 1
        y = layer.forward(np.array([-2, 3, 7], np.float32).reshape(1, 1, 1, 3))
        want = {"none": [-2, 3, 7], "relu": [0, 3, 7], "relu6": [0, 3, 6]}[activation]
        assert y.ravel().tolist() == want
        assert layer.backward(np.ones_like(y)).ravel().tolist() == passed


def test_a_layers_own_arrays_stay_when_others_are_computed():
    """Work memory is a layer's own: gradients do not change when it is used again."""
    net = Sequential(NETWORKS["depthwise"](), (6, 9, 2))
    x = np.random.default_rng(3).normal(size=(2, 6, 9, 2)).astype(np.float32)
    net.gradients(x[:1], np.array([1]))
    kept = [dict(layer.gradients) for layer in net.layers]
    copies = [{name: value.copy() for name, value in found.items()} for found in kept]
    net.gradients(x[1:], np.array([0]))
    for found, copied in zip(kept, copies, strict=True):
        for name in found:
            assert (found[name] == copied[name]).all()
