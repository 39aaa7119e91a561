"""The networks described for users are small enough for a microcontroller, and quantizable."""

import numpy as np
import pytest

from fqt.reference_networks import autoencoder, mobile, residual, separable, time_series
from fqt.train.quantize import quantize

CASES = [
    (mobile, (64, 64, 1), 10, 105_000, 7_000_000),
    (mobile, (64, 32, 1), 10, 105_000, 7_000_000),
    (separable, (49, 40, 1), 3, 30_000, 3_000_000),
    (separable, (64, 32, 1), 10, 30_000, 3_000_000),
    (time_series, (1, 128, 6), 6, 10_000, 3_000_000),
    (time_series, (1, 1024, 1), 10, 10_000, 3_000_000),
    (residual, (32, 32, 3), 10, 60_000, 3_000_000),
]


@pytest.mark.parametrize(("describe", "shape", "classes", "parameters", "multiply_adds"), CASES)
def test_they_fit_a_microcontroller(describe, shape, classes, parameters, multiply_adds):
    net = describe(shape, classes, seed=3)
    assert net.layers[-1].output_shape == (1, 1, classes)
    weighted = [layer for layer in net.layers if layer.parameters]
    assert sum(layer.weights.size + layer.biases.size for layer in weighted) <= parameters
    places = [layer.output_shape[0] * layer.output_shape[1] for layer in weighted]
    products = [n * layer.weights.size for n, layer in zip(places, weighted, strict=True)]
    assert sum(products) <= multiply_adds
    model = quantize(net, np.random.default_rng(1).uniform(size=(2, *shape)), input_type="int8")
    assert model.outputs == classes


def test_the_autoencoders_target_is_its_input():
    net = autoencoder((1, 128, 1))
    x = np.random.default_rng(1).normal(size=(4, 1, 128, 1))
    assert net.losses(x).shape == (4,)
    assert quantize(net, x, input_type="int8").loss == "mean_squared_error"
