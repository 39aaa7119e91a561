"""A model file back as a float32 network: it says what the device says, trains, and goes back."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from sklearn.datasets import load_digits

import fqt
from fqt import core
from fqt.kinds import KINDS
from fqt.model_file import ModelFile
from models import Layer, networks, random_model, random_samples


@pytest.fixture(scope="module")
def digits():
    """x [samples][8][8][1], 0 to 1, and labels."""
    data = load_digits()
    return (data.images / 16).astype(np.float32)[..., None], data.target


def test_what_a_device_trained_goes_on_on_the_desk_and_back(digits, tmp_path):
    x, y = digits
    layers = [fqt.Conv2D(6, 3, padding="same", activation="relu"), fqt.MaxPool2D(2), fqt.Dense(10)]
    device = core.Model(fqt.quantize(fqt.Sequential(layers, (8, 8, 1)), x[:100]), master=12)
    samples = device.quantize_inputs(x)
    device.train_many(samples, y, np.arange(1200), 0.02)
    device.save(tmp_path / "trained.fqt")
    model = ModelFile.read(tmp_path / "trained.fqt")

    net = fqt.float_network(model)
    held_out = x[1200:], y[1200:]
    same = net.predict(held_out[0]) == device.predict_many(samples[1200:])
    assert same.mean() >= 0.98
    assert net.evaluate(*held_out) > 0.8

    before = net.losses(*held_out).mean()
    for _ in net.fit(x[:1200], y[:1200], epochs=2, lr=0.01):
        pass
    assert net.losses(*held_out).mean() < before
    again = fqt.quantize(net, x[:100], "last:1", model.input_type, model.input_scale)
    same = core.Model(again).predict_many(samples[1200:]) == net.predict(held_out[0])
    assert same.mean() >= 0.98


def test_every_kind_comes_back_with_its_window_sources_and_weights():
    layers = [
        fqt.Conv2D(4, 3, 2, (0, 1, 1, 0), activation="relu6", name="front"),
        fqt.DepthwiseConv2D(3, padding="same", activation="relu"),
        fqt.Add("front", activation="relu", name="sum"),
        fqt.Concatenate("front", "relu6"),
        fqt.GlobalAveragePool(),
        fqt.Dense(4, "relu", name="gate"),
        fqt.Multiply("gate", source="sum"),
        fqt.MaxPool2D(2, 1, (1, 0, 0, 1)),
        fqt.AveragePool2D(2),
        fqt.Upsample2D((2, 3)),
        fqt.Upsample2D(2, "zeros"),
        fqt.Tanh(),
        fqt.LeakyReLU(0.25),
        fqt.ELU(0.5),
        fqt.LSTM(4, sequence=True),
        fqt.GRU(5, sequence=True, reset_after=False),
        fqt.GELU(approximate=True),
        fqt.Flatten(),
        fqt.Dense(3),
    ]
    net = fqt.Sequential(layers, (9, 9, 2), name="all", loss="mean_squared_error")
    assert {layer.kind for layer in layers} == KINDS.keys()
    rng = np.random.default_rng(2)
    x = rng.uniform(0, 50, (30, 9, 9, 2)).astype(np.float32)
    net.standardize_data(x, rng.normal(7, 3, (30, 3)))
    model = fqt.quantize(net, x, "last:1", input_type="int8")
    back = fqt.float_network(model)
    assert (back.name, back.loss, back.input_shape) == (net.name, net.loss, net.input_shape)
    assert back.inputs == net.inputs
    assert np.array_equal(back.input_map, net.input_map)
    assert np.array_equal(back.output_map, net.output_map)
    for layer, other, record in zip(net.layers, back.layers, model.layers, strict=True):
        assert (other.kind, other.name, other.activation) == (
            layer.kind,
            layer.name,
            layer.activation,
        )
        assert other.output_shape == layer.output_shape
        if record.table is not None:
            assert type(other) is type(layer)
            assert other.function_parameter == layer.function_parameter
        if record.kind == "gru":
            assert other.reset_after == layer.reset_after
        if record.has_weights:
            unit = record.weight_scales.max()
            assert np.abs(other.weights - layer.weights).max() <= 0.51 * unit
            assert np.abs(other.biases - layer.biases).max() <= 0.51 * unit * record.bias_scale
    outputs = net.forward(x)
    assert np.abs(back.forward(x) - outputs).max() < 0.05 * np.ptp(outputs)
    # A layer can be put between, as the source that is the layer before is not named.
    fqt.Sequential([*back.layers[:-1], fqt.Dense(5), fqt.Dense(2)], (9, 9, 2))


@given(networks())
def test_weights_are_all_their_bits_in_real_units(model):
    net = fqt.float_network(model)
    for layer, record in zip(net.layers, model.layers, strict=True):
        if not record.has_weights:
            continue
        units = record.weights + (0 if record.low_bytes is None else record.low_bytes / 256)
        scales = record.weight_scales.astype(np.float64)
        wanted = (units.reshape(len(scales), -1).T * scales).T.reshape(units.shape)
        assert np.allclose(layer.weights, wanted, 1e-6, 0)
        assert np.allclose(layer.biases, record.biases * scales * record.bias_scale, 1e-6, 0)
    x = random_samples(model, 2)
    reals = (x.astype(np.float32) if model.input_type == "uint8" else x) * np.float32(1 / 255)
    assert np.isfinite(net.forward(reals)).all()


def test_what_is_no_whole_network_is_refused():
    model = random_model([Layer("dense", 4, trainable=False), Layer("dense", 2)], (1, 1, 3))
    with pytest.raises(ValueError, match=r"not str: ModelFile.read\(path\) reads one"):
        fqt.float_network("model.fqt")
    checkpoint = core.Model(model).to_model_file(checkpoint=True)
    with pytest.raises(ValueError, match=r"layer 1 \(dense_1\): a checkpoint lacks the weights"):
        fqt.float_network(checkpoint)
    first, last = model.layers
    with pytest.raises(ValueError, match="layer names must differ"):
        fqt.float_network(replace(model, layers=[first, replace(last, name=first.name)]))
    great = np.full(2, 2.0**64, np.float32)
    many = np.full(2, 2**30, np.int32)
    beyond = replace(last, weight_scales=great, biases=many, bias_scale=2.0**64)
    with pytest.raises(ValueError, match=r"layer 2 \(dense_2\): its weights or biases are beyond"):
        fqt.float_network(replace(model, layers=[first, beyond]))
