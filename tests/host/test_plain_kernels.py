"""The fast kernels against the plain ones that stand beside them (natmod/core/kernels/plain/): two
builds of the core, the same bytes after training, on networks that are too large for the
reference."""

import os

import numpy as np
import pytest

from fqt import core
from fqt.options import Options
from fqt.reference_networks import NETWORKS, images
from models import Layer, random_model, random_samples, random_targets

OPTIONS = {
    "plain": Options(),
    "partial": Options((0.05, 0.4), sample_updates=True),
    "all": Options((0.1, 1.0), True, 0.01),
}


def trained(library, monkeypatch, model, x, y, steps, **arguments):
    monkeypatch.setenv("FQT_CORE_LIB", library)
    core.library.cache_clear()
    try:
        net = core.Model(model, **arguments)
        outputs = net.outputs(x[:8])
        net.train_many(x, y, np.arange(steps) % len(x), 0.02)
        return outputs.tobytes() + net.to_bytes()
    finally:
        core.library.cache_clear()


def check_same(monkeypatch, model, x, y, steps=24, **arguments):
    libraries = os.environ["FQT_CORE_LIB"], os.environ["FQT_PLAIN_LIB"]
    fast, plain = (
        trained(library, monkeypatch, model, x, y, steps, **arguments) for library in libraries
    )
    assert fast == plain


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("name", ["cnn28", "motion", "separable", "residual"])
def test_reference_networks_train_alike(monkeypatch, name, options):
    model = NETWORKS[name]()
    x = images(model.input_shape, 12)
    y = np.arange(12) % model.outputs
    check_same(monkeypatch, model, x, y, options=OPTIONS[options])


@pytest.mark.parametrize("kind", ["conv2d", "depthwise_conv2d"])
@pytest.mark.parametrize("channels", [1, 3, 4, 6, 33, 37])
@pytest.mark.parametrize("stride", [(1, 1), (2, 3)])
@pytest.mark.parametrize("kernel", [(1, 1), (3, 2), (5, 7)])
def test_shapes_train_alike(monkeypatch, kind, channels, stride, kernel):
    """Channels beside multiples of four and of a block, kernels that reach beyond both borders."""
    padding = (kernel[0] - 1, kernel[0] // 2, kernel[1] // 2, kernel[1] - 1)
    layers = [
        Layer("conv2d", channels, activation="relu6"),
        Layer(kind, channels, kernel, stride, padding),
        Layer("conv2d", 5, activation="none"),
        Layer("dense", 3),
    ]
    model = random_model(layers, (9, 8, 2), seed=channels)
    x, y = random_samples(model, 10), random_targets(model, 10)
    for master, batch in ((8, 1), (16, 1), (8, 4)):
        check_same(monkeypatch, model, x, np.array(y), master=master, batch=batch)
    for options in (Options((0.2, 0.2)), Options((0.25, 0.25), sample_updates=True)):
        check_same(monkeypatch, model, x, np.array(y), options=options)


@pytest.mark.parametrize("rate", [0.1, 0.25])
def test_rows_that_need_more_sums_than_there_is_room_for_train_alike(monkeypatch, rate):
    """Rows of 300 positions of 20 channels, taken by parts or by a few channels at a time; and a
    dense layer whose input has more channels than that."""
    layers = [
        Layer("conv2d", 20, (1, 3), padding=(0, 0, 1, 1), activation="relu"),
        Layer("conv2d", 12, (1, 5), (1, 2), (0, 0, 2, 2), activation="none"),
        Layer("flatten"),
        Layer("dense", 1100, activation="relu"),
        Layer("dense", 4),
    ]
    model = random_model(layers, (1, 300, 2), seed=7)
    x, y = random_samples(model, 6), random_targets(model, 6)
    for options in (Options(), Options((rate, rate)), Options((rate, rate), sample_updates=True)):
        check_same(monkeypatch, model, x, np.array(y), steps=8, options=options)
