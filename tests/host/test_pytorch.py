"""Float32 training against PyTorch, and as an arithmetic of experiments. Skipped without it."""

import numpy as np
import pytest

from fqt import (
    ELU,
    GELU,
    SELU,
    Add,
    AveragePool2D,
    BatchNormalization,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Flatten,
    HardSigmoid,
    HardSwish,
    HardTanh,
    LeakyReLU,
    MaxPool2D,
    Mish,
    Multiply,
    Sequential,
    Sigmoid,
    SiLU,
    Softplus,
    Tanh,
)
from fqt.experiment import pytorch


def graph(loss):
    """Every kind of layer, every activation, uneven windows."""
    layers = [
        Conv2D(6, (3, 2), (2, 1), (2, 0, 1, 0), "relu6", name="a"),
        DepthwiseConv2D(3, 1, "same", "relu", name="b"),
        Add("a", activation="relu"),
        MaxPool2D(2, padding=(1, 0, 0, 1)),
        Conv2D(6, 1, name="c"),
        AveragePool2D((1, 2), (2, 1)),
        Conv2D(6, 1, name="d"),
        Tanh(),
        LeakyReLU(0.2),
        SiLU(),
        HardSwish(),
        ELU(0.7),
        Sigmoid(),
        Conv2D(6, 1),
        HardSigmoid(),
        Conv2D(6, 1),
        GELU(),
        GELU(approximate=True),
        Softplus(),
        Mish(),
        Conv2D(6, 1),
        SELU(),
        HardTanh(),
        Flatten(),
        Dense(6, activation="relu", name="e"),
        Multiply("e", source="c"),
        Dense(3),
    ]
    return Sequential(layers, (9, 8, 2), seed=3, loss=loss)


@pytest.mark.parametrize(
    "loss", ["softmax_cross_entropy", "mean_squared_error", "binary_cross_entropy"]
)
def test_gradients_are_pytorchs(loss):
    pytest.importorskip("torch")
    net = graph(loss)
    theirs = pytorch.PyTorchSequential(net)
    rng = np.random.default_rng(1)
    x = rng.normal(0, 1, (5, 9, 8, 2)).astype(np.float32)
    y = np.arange(5) % 3
    if loss != "softmax_cross_entropy":
        y = rng.random((5, 3)).astype(np.float32)
    weights = np.float32([1, 2, 0.5, 0, 1])
    assert theirs.gradients(x, y, None, weights) == pytest.approx(
        net.gradients(x, y, None, weights), rel=1e-5
    )
    for own, other in zip(net.layers, theirs.layers, strict=True):
        for key, gradient in own.gradients.items():
            scale = np.abs(gradient).max()
            assert scale > 0, (own.name, key)
            np.testing.assert_allclose(other.gradients[key], gradient, atol=1e-5 * scale)


def test_a_run_is_float32s():
    """The same steps, also where some layers stay as they are."""
    pytest.importorskip("torch")
    rng = np.random.default_rng(1)
    x = rng.normal(0, 1, (60, 9, 8, 2)).astype(np.float32)
    y = np.arange(60) % 3
    net = graph("softmax_cross_entropy")
    theirs = pytorch.PyTorchSequential(net)
    arguments = {"epochs": 2, "batch": 4, "train": "last:3", "weight_decay": 0.01}
    for own, other in zip(net.fit(x, y, **arguments), theirs.fit(x, y, **arguments), strict=True):
        assert other.loss == pytest.approx(own.loss, rel=1e-5)
    np.testing.assert_allclose(theirs.forward(x), net.forward(x), rtol=1e-3, atol=1e-4)


def test_what_it_does_not_have_is_said():
    pytest.importorskip("torch")
    net = Sequential([Dense(4), BatchNormalization(), Dense(2)], (1, 1, 3))
    with pytest.raises(ValueError, match=r"layer 2 .*has no BatchNormalization: take 'float32'"):
        pytorch.PyTorchSequential(net)


def test_its_absence_is_said(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    with pytest.raises(RuntimeError, match="arithmetic 'pytorch' needs PyTorch: pip install"):
        pytorch.PyTorchSequential(Sequential([Dense(2)], (1, 1, 3)))
