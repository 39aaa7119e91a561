"""Upsampling: transposed convolutions are what they should be, and autoencoders learn with it."""

import numpy as np
import pytest
from training import train_on

import fqt
from fqt import core
from fqt.kinds import KINDS
from fqt.reference import Network
from models import autoencoder_model, random_samples, random_targets


def transposed(x, weights, biases, stride):
    """x [height][width][in], weights [out][k][k][in] -> all that a transposed convolution gives,
    nothing cut off: each input adds its filter to the output."""
    height, width, _ = x.shape
    taps = weights.shape[1]
    y = np.zeros(((height - 1) * stride + taps, (width - 1) * stride + taps, len(weights)))
    for iy in range(height):
        for ix in range(width):
            patch = np.einsum("oyxc,c->yxo", weights, x[iy, ix])
            y[iy * stride : iy * stride + taps, ix * stride : ix * stride + taps] += patch
    return y + biases


@pytest.mark.parametrize(("taps", "stride"), [(2, 2), (3, 2), (4, 2), (5, 3), (3, 1)])
def test_zeros_and_a_convolution_are_a_transposed_convolution(taps, stride):
    """As docs/arithmetic.md, section 4, says: the taps the other way round."""
    padding = (taps - 1, taps - 1 - (stride - 1)) * 2
    layers = [
        fqt.Upsample2D(stride, "zeros"),
        fqt.Conv2D(3, taps, padding=padding),
    ]
    net = fqt.Sequential([*layers, fqt.Dense(2)], (4, 5, 2))
    x = np.random.default_rng(1).normal(size=(2, 4, 5, 2)).astype(np.float32)
    weights, biases = net.layers[1].weights[:, ::-1, ::-1], net.layers[1].biases + 1
    net.layers[1].biases = biases
    for image, made in zip(x, net.tensors(x)[2], strict=True):
        assert np.allclose(made, transposed(image, weights, biases, stride), atol=1e-5)


def test_a_convolutional_autoencoder_learns_on_the_device():
    """Images of one bright square at one of 9 places."""
    rng = np.random.default_rng(3)
    x = np.zeros((60, 8, 8, 1), np.float32)
    for i, image in enumerate(x):
        top, left = divmod(i % 9, 3)
        image[2 * top + 1 : 2 * top + 3, 2 * left + 1 : 2 * left + 3] = rng.uniform(0.6, 1)
    net = fqt.Sequential(
        [
            fqt.Conv2D(8, 3, 2, "same", "relu"),
            fqt.Conv2D(12, 3, 2, "same", "relu"),
            fqt.Upsample2D(2, "zeros"),
            fqt.Conv2D(8, 3, padding="same", activation="relu"),
            fqt.Upsample2D(2),
            fqt.Conv2D(1, 3, padding="same"),
        ],
        (8, 8, 1),
        loss="mean_squared_error",
    )
    device = core.Model(fqt.quantize(net, x), master=16)
    samples = device.quantize_inputs(x)
    before = device.losses(samples, None).mean()
    device.train_many(samples, None, np.arange(3000) % 60, 0.1)
    assert device.losses(samples, None).mean() < before / 5


@pytest.mark.parametrize("master", [8, 12])
def test_it_trains_with_the_reference_bytes(unix_port, master):
    """In the core, and under MicroPython."""
    model = autoencoder_model()
    x, y = random_samples(model, 5, 2), random_targets(model, 5, 2)
    reference, net = Network(model, master), core.Model(model, master)
    for i in range(20):
        reference.train(x[i % 5], y[i % 5], 0.02)
        net.train(x[i % 5], y[i % 5], 0.02)
    assert net.to_bytes() == reference.to_bytes()
    train_on(unix_port, model, master, 20, 0.02)


def test_what_cannot_be_upsampled_is_said():
    with pytest.raises(ValueError, match="fill is 'nearest' or 'zeros', not 'linear'"):
        fqt.Upsample2D(2, "linear")
    with pytest.raises(ValueError, match="a kernel or stride is a number or"):
        fqt.Upsample2D(0)
    assert not KINDS["upsample2d"].is_common
