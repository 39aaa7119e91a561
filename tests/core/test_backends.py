"""The core's kernels against each other: those of the desk (core, and core_avx2 where the
processor has AVX2), the plain ones, those made of DSP instructions, emulated in C (dsp), and those
of Cortex-M0+ (armv6m) make the same bytes of a model in training, and the numpy reference does
where it is fast enough."""

import os
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import models
from fqt.inputs import DivergenceError
from fqt.kinds import KINDS
from fqt.options import Options
from fqt.reference import Network
from fqt.run import core
from fqt.run.library import has_avx2
from fqt.train.reference_networks import NETWORKS, images
from models import Layer, random_model, random_samples, random_targets

BACKENDS = ("core", *(["core_avx2"] if has_avx2() else []), "plain", "scalar", "dsp", "armv6m")
REFERENCE_WORK = 20_000  # multiply-adds of a forward pass that the reference is asked for
OPTIONS = {
    "plain": Options(),
    "partial": Options((0.05, 0.4), sample_updates=True),
    "all": Options((0.1, 1.0), True, 0.01),
}


def opened(backend, model, **arguments):
    """The model on a backend."""
    library = core.library(str(Path(os.environ["FQT_BUILD"]) / f"libfqt_{backend}.so"))
    with patch.object(core, "library", lambda: library):
        return core.Model(model, **arguments)


def trained(backend, model, x, y, steps, lr=0.02, **arguments):
    """What a backend makes of a model: outputs before training, and the trained model."""
    net = opened(backend, model, **arguments)
    outputs = net.outputs(x[:8])
    diverged = ""
    try:
        net.train_many(x, y, np.arange(steps) % len(x), lr)
    except DivergenceError as error:
        diverged = str(error)
    return outputs.tobytes(), diverged, net.to_bytes(), net.to_bytes(checkpoint=True)


def check_same(model, x, y, steps=24, lr=0.02, **arguments):
    expected = trained(BACKENDS[0], model, x, y, steps, lr, **arguments)
    for backend in BACKENDS[1:]:
        assert trained(backend, model, x, y, steps, lr, **arguments) == expected, backend


def check_reference(model, x, y, steps, **arguments):
    network = Network(model, **arguments)
    for i in range(steps):
        network.train(x[i % len(x)], y[i % len(x)], 0.02)
    assert network.to_bytes() == trained("core", model, x, y, steps, **arguments)[2]


def test_cores_plan_the_same_memory():
    """Whatever their kernels need: a model takes the same RAM everywhere."""
    for name in ("cnn28", "separable", "residual"):
        model = NETWORKS[name]()
        backends = ("core", "scalar", "dsp", "armv6m")
        assert len({opened(backend, model).memory for backend in backends}) == 1


def work(model):
    """Multiply-adds of a forward pass."""
    return sum(
        layer.weights.size * int(np.prod(layer.output_shape[:2]))
        for layer in model.layers
        if layer.weights is not None
    )


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25)
@given(
    data=st.data(),
    options=models.options(),
    master=st.sampled_from([8, 12, 16]),
    batch=st.sampled_from([1, 1, 3]),
)
def test_every_layer_kind_trains_alike(kind, data, options, master, batch):
    """Any shape, stride and padding, any subset of layers trainable."""
    model = data.draw(models.networks_around(kind))
    x, y = random_samples(model, 5), np.array(random_targets(model, 5))
    arguments = {"options": options, "master": master, "batch": batch}
    check_same(model, x, y, 7, **arguments)
    if work(model) <= REFERENCE_WORK:
        check_reference(model, x, y, 3, **arguments)


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("name", ["cnn28", "motion", "separable", "residual"])
def test_reference_networks_train_alike(name, options):
    model = NETWORKS[name]()
    x = images(model.input_shape, 12)
    y = np.arange(12) % model.outputs
    check_same(model, x, y, 12, options=OPTIONS[options])


@pytest.mark.parametrize("kind", ["conv2d", "depthwise_conv2d"])
@pytest.mark.parametrize("channels", [1, 3, 4, 6, 33, 37])
@pytest.mark.parametrize("stride", [(1, 1), (2, 3)])
@pytest.mark.parametrize("kernel", [(1, 1), (3, 2), (5, 7)])
def test_shapes_train_alike(kind, channels, stride, kernel):
    """Channels beside multiples of four and of a block, kernels that reach beyond both borders."""
    padding = (kernel[0] - 1, kernel[0] // 2, kernel[1] // 2, kernel[1] - 1)
    layers = [
        Layer("conv2d", channels, activation="relu6"),
        Layer(kind, channels, kernel, stride, padding),
        Layer("conv2d", 5, activation="none"),
        Layer("dense", 3),
    ]
    model = random_model(layers, (9, 8, 2), seed=channels)
    x, y = random_samples(model, 10), np.array(random_targets(model, 10))
    for master, batch in ((8, 1), (16, 1), (8, 4)):
        check_same(model, x, y, 12, master=master, batch=batch)
    for options in (Options((0.2, 0.2)), Options((0.25, 0.25), sample_updates=True)):
        check_same(model, x, y, 12, options=options)


@pytest.mark.parametrize("master", [8, 12])
@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_layers_behind_recurrent_ones_train_alike(kind, master):
    model = models.recurrent_model(kind)
    x, y = random_samples(model, 6), np.array(random_targets(model, 6))
    check_same(model, x, y, 12, master=master)
    check_reference(model, x, y, 6, master=master)


@pytest.mark.parametrize("rate", [0.1, 0.25])
def test_rows_that_need_more_sums_than_there_is_room_for_train_alike(rate):
    """Rows of 300 positions of 36 channels, taken by parts or by a few channels at a time; and a
    dense layer whose input has more channels than that."""
    layers = [
        Layer("conv2d", 36, (1, 3), padding=(0, 0, 1, 1), activation="relu"),
        Layer("conv2d", 12, (1, 5), (1, 2), (0, 0, 2, 2), activation="none"),
        Layer("flatten"),
        Layer("dense", 1100, activation="relu"),
        Layer("dense", 4),
    ]
    model = random_model(layers, (1, 300, 2), seed=7)
    x, y = random_samples(model, 6), np.array(random_targets(model, 6))
    for options in (Options(), Options((rate, rate)), Options((rate, rate), sample_updates=True)):
        check_same(model, x, y, steps=8, options=options)


@pytest.mark.parametrize("master", [8, 12, 16])
@pytest.mark.parametrize("lr", [2.0**8, 2.0**10, 2.0**12])
def test_a_gradient_of_one_unit_moves_weights_far_alike(master, lr):
    """At such rates a step of one unit of the gradient is longer than a weight's range; master=16
    wrapped it where the gradient was -1."""
    for seed in range(12):
        layers = [Layer("conv2d", 70), Layer("dense", 3)]
        model = random_model(layers, (1, 1, 40), seed=seed)
        x = np.random.default_rng(seed).integers(0, 2, (1, 1, 1, 40)).astype(np.uint8)
        check_same(model, x, np.array(random_targets(model, 1)), 1, lr, master=master)


@pytest.mark.parametrize("trains", [True, False])
@pytest.mark.parametrize("channels", [1, 3])
def test_first_layers_run_alike_with_and_without_room_for_strips(trains, channels):
    """Where nothing trains, the scratch is no larger than columns need."""
    layers = [
        Layer("conv2d", 10, (3, 2), (1, 2), (1, 1, 1, 0), "relu"),
        Layer("average_pool2d", kernel=(6, 8), stride=(6, 8)),
        Layer("dense", 3),
    ]
    model = random_model(layers, (6, 15, channels), seed=channels)
    for layer in model.layers:
        layer.trainable = trains and layer.trainable
    x = random_samples(model, 6)
    if trains:
        check_same(model, x, np.array(random_targets(model, 6)), 12)
    outputs = {opened(backend, model).outputs(x).tobytes() for backend in BACKENDS}
    assert len(outputs) == 1


@pytest.mark.parametrize("activation", ["none", "relu", "relu6"])
@pytest.mark.parametrize("bias", [-(1 << 20), 1 << 20])
def test_outputs_beyond_the_range_from_the_first_one_on_train_alike(activation, bias):
    """Kernels that store four at a time look at those alone that are new extremes."""
    layers = [Layer("conv2d", 4, activation=activation), Layer("dense", 3)]
    model = random_model(layers, (4, 4, 2), seed=5)
    model.layers[0].biases[:] = bias
    check_same(model, random_samples(model, 6), np.array(random_targets(model, 6)), 12)


@pytest.mark.parametrize("kind", ["dense", "conv2d"])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.6, 0.7, 1.0])
def test_inputs_of_zero_are_left_out_alike(kind, share):
    """Of a layer whose one window is its input: some of it is 0, in runs of more than 128 too,
    that is, at the zero point."""
    window = {"kernel": (5, 9), "padding": (0, 0, 0, 0)} if kind == "conv2d" else {}
    layers = [Layer(kind, 7, activation="relu", **window), Layer("dense", 3)]
    model = random_model(layers, (5, 9, 7), seed=3)
    x = random_samples(model, 4)
    x[np.random.default_rng(5).random(x.shape) >= share] = 0
    x[1:, 1:, 2:] = 0
    check_same(model, x, np.array(random_targets(model, 4)), 12)
    outputs = {opened(backend, model).outputs(x).tobytes() for backend in BACKENDS}
    assert len(outputs) == 1
