"""Activation functions by tables: what the tables hold, that their ranges stay, and that networks
learn through them."""

import numpy as np
import pytest
from sklearn.datasets import load_digits
from training import train_on

import fqt
from fqt import core
from fqt.kinds import FUNCTIONS
from fqt.layers.table import table_layer
from fqt.reference import Network
from models import random_samples, random_targets, table_model


@pytest.fixture(scope="module")
def digits():
    data = load_digits()
    return (data.images / 16).astype(np.float32)[..., None], data.target


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_table_is_its_function(function):
    """Outputs to half a unit, derivatives to half a unit of theirs."""
    layer = table_layer(function, 0.3 if function in ("leaky_relu", "elu") else 0.0)
    net = fqt.Sequential([fqt.Dense(4), layer, fqt.Dense(2)], (1, 1, 5))
    x = np.random.default_rng(2).normal(0, 2, (50, 1, 1, 5)).astype(np.float32)
    model = fqt.quantize(net, x, input_type="int8")
    before, record = model.layers[:2]
    reals = (np.arange(-128, 128) - before.output_zero_point) * before.output_scale
    outputs = layer.forward(reals)
    units = outputs / record.output_scale + record.output_zero_point
    inside = (units > -128) & (units < 127)
    assert inside.sum() > 200
    assert np.abs(units - record.table.outputs)[inside].max() <= 0.501
    slopes = layer.backward(np.ones(256))
    assert np.abs(slopes - record.table.derivatives * record.table.scale).max() <= (
        0.501 * record.table.scale
    )
    assert np.abs(record.table.derivatives).max() == 127
    # float32 and int8 say nearly the same, and so does what comes back.
    device = core.Model(model)
    scores = np.stack([device.scores(sample) for sample in x])
    for same in (net, fqt.float_network(model)):
        assert np.abs(scores - same.forward(x)).max() < 0.05 * np.ptp(scores)


@pytest.mark.parametrize("master", [8, 12])
def test_it_trains_with_the_reference_bytes(unix_port, master):
    """In the core, from a file and in place, and under MicroPython; a checkpoint has no tables."""
    model = table_model()
    x, y = random_samples(model, 5, 2), random_targets(model, 5, 2)
    reference = Network(model, master)
    nets = [core.Model(model, master), core.Model(model, master, in_place=True)]
    for i in range(20):
        for net in (reference, *nets):
            net.train(x[i % 5], y[i % 5], 0.02)
    assert {net.to_bytes() for net in nets} == {reference.to_bytes()}
    checkpoint = reference.to_bytes(checkpoint=True)
    assert len(reference.to_bytes()) - len(checkpoint) == 3 * (256 + 4 + 256)
    restored = core.Model(model, master)
    restored.restore(checkpoint)
    assert restored.to_bytes() == reference.to_bytes()
    train_on(unix_port, model, master, 20, 0.02)


def test_ranges_of_tables_stay_and_others_follow():
    """Also where the numbers are far beyond them, which is no divergence then."""
    model = table_model()
    device = core.Model(model, master=16)
    x, y = random_samples(model, 20, 2), random_targets(model, 20, 2)
    for i in range(1500):
        device.train(x[i % 20], y[i % 20], 0.3)
    trained = device.to_model_file()
    scales = [
        (old.output_scale, new.output_scale)
        for old, new in zip(model.layers, trained.layers, strict=True)
    ]
    assert [old == new for old, new in scales[:-1]] == [True] * 6 + [False]
    assert not np.array_equal(model.layers[0].weights, trained.layers[0].weights)


@pytest.mark.parametrize("size", [0.1, 2, 20])
@pytest.mark.parametrize(("function", "flat"), [(fqt.Tanh, 4), (fqt.Sigmoid, 8), (fqt.SiLU, 8)])
def test_what_trains_has_room_and_what_does_not_what_it_needs(function, flat, size):
    x = np.random.default_rng(2).uniform(0, 1, (50, 1, 1, 5)).astype(np.float32)
    layers = [fqt.Dense(4), function(), fqt.Dense(2)]
    net = fqt.Sequential(layers, (1, 1, 5))
    net.layers[0].weights *= size
    both = [fqt.quantize(net, x, train).layers[0] for train in ("all", "last:1")]
    ends = [(-128 - record.output_zero_point) * record.output_scale for record in both]
    seen = net.tensors(x)[1]
    room = 2 * np.abs(seen).max()
    assert ends[0] == pytest.approx(-min(max(room, flat / 2), flat), rel=0.02)
    assert ends[1] == pytest.approx(max(min(seen.min(), 0), -flat), abs=np.ptp(seen) / 100)


@pytest.mark.slow
@pytest.mark.parametrize("layer", [fqt.Tanh, fqt.LeakyReLU, fqt.SiLU])
def test_from_random_weights_a_device_learns_as_float32_does(digits, layer):
    """Digits, 3 seeds, samples in the same order; docs/accuracy.md has ten, of tanh."""
    x, y = digits
    right = []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        order = rng.permutation(len(x))
        order, held_out = order[:1400], order[1400:]
        net = fqt.Sequential([fqt.Dense(32), layer(), fqt.Dense(10)], (8, 8, 1), seed=seed)
        device = core.Model(fqt.quantize(net, x[order[:200]], seed=seed), master=12)
        samples = device.quantize_inputs(x)
        for _ in range(5):
            rng.shuffle(order)
            device.train_many(samples, y, order, 0.02)
            for i in order:
                net.gradients(x[i : i + 1], y[i : i + 1])
                for one in net.layers:
                    for name, gradient in one.gradients.items():
                        getattr(one, name)[...] -= 0.02 * gradient
        of_device = (device.predict_many(samples[held_out]) == y[held_out]).mean()
        right.append((of_device, net.evaluate(x[held_out], y[held_out])))
    of_device, of_float = np.mean(right, axis=0)
    assert of_float > 0.94
    assert of_device > of_float - 0.01


def test_what_is_no_function_is_said():
    with pytest.raises(ValueError, match=r"slope must be a finite number, -1000 to 1000, not nan"):
        fqt.LeakyReLU(float("nan"))
    with pytest.raises(ValueError, match="alpha must be a finite number, 0 to 1000, not -1"):
        fqt.ELU(-1)
    with pytest.raises(ValueError, match=r"not 'tanh': leave it off, and put the layer of that"):
        fqt.Dense(3, "tanh")
