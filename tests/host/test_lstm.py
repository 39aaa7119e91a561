"""The layer kind lstm: frozen, and what is behind it trains."""

import numpy as np
import pytest

from fqt import LSTM, Conv1D, Dense, Sequential, float_network, quantize
from fqt.model_file import ModelFile, ModelFileError
from fqt.reference import Network
from fqt.reference.squash import sigmoid, tanh
from fqt.run import core
from models import Layer, lstm_model, random_model, random_samples, random_targets

ALL = np.arange(-32768, 32768)


def test_sigmoid_and_tanh_of_all_numbers():
    """Of 16 bits the functions are off by less than a thousandth of what int8 tells apart."""
    assert np.abs(sigmoid(ALL) / 32768 - 1 / (1 + np.exp(-ALL / 4096))).max() < 3e-4
    for bits in range(5):
        wanted = np.tanh(ALL / 2.0 ** (15 - bits))
        assert np.abs(tanh(ALL, bits) / 32768 - wanted).max() < 5e-4


def test_what_is_behind_it_trains_to_the_same_bytes():
    model = lstm_model()
    x, y = random_samples(model, 6), random_targets(model, 6)
    device, reference = core.Model(model), Network(model)
    before = device.outputs(x)
    assert len(np.unique(before, axis=0)) == len(x)
    for i in range(30):
        for net in (device, reference):
            net.train(x[i % 6], y[i % 6], 0.02)
    assert device.to_bytes() == reference.to_bytes()
    trained = ModelFile.from_bytes(device.to_bytes())
    assert (trained.layers[1].weights == model.layers[1].weights).all()
    assert (device.outputs(x) != before).any()


@pytest.mark.parametrize("seed", range(8))
def test_cells_of_any_format(seed):
    """Cell states with 0 to 4 bits before the point, with a limit or none."""
    layers = [Layer("lstm", 5, activation="sequence"), Layer("lstm", 3), Layer("dense", 2)]
    model = random_model(layers, (3, 4, 2), seed)
    x = random_samples(model, 5, seed)
    reference = Network(model)
    expected = [reference.logits(sample) for sample in x]
    device = core.Model(model)
    assert [device.logits(sample).tolist() for sample in x] == [one.tolist() for one in expected]


def test_nothing_in_front_of_it_trains():
    layers = [Layer("conv2d", 3, trainable=True), Layer("lstm", 4), Layer("dense", 2)]
    with pytest.raises(ModelFileError, match=r"layer 2 \(lstm\): layer 1 in front of it trains"):
        random_model(layers, (2, 3, 1))


def network(sequence=False, seed=1):
    layers = [Conv1D(6, 3, activation="relu"), LSTM(10, sequence), Dense(8, "relu"), Dense(3)]
    return Sequential(layers, (1, 12, 4), seed)


@pytest.mark.parametrize("sequence", [False, True])
def test_quantized_is_near_float(sequence):
    net = network(sequence)
    x = np.random.default_rng(2).normal(0, 1, (60, 1, 12, 4)).astype(np.float32)
    model = quantize(net, x, train="last:2", input_type="int8")
    outputs, wanted = core.Model(model).outputs(x).reshape(60, 3), net.forward(x).reshape(60, 3)
    assert np.abs(outputs - wanted).max() < 0.05 * np.abs(wanted).max()
    back = float_network(model)
    assert np.abs(back.forward(x).reshape(60, 3) - wanted).max() < 0.02 * np.abs(wanted).max()


def test_what_lies_before_it_does_not_train():
    net = network()
    x = np.random.default_rng(2).normal(0, 1, (20, 1, 12, 4)).astype(np.float32)
    y = np.arange(20) % 3
    with pytest.raises(ValueError, match=r"lstm_2: an LSTM passes no error on: train="):
        list(net.fit(x, y, epochs=1))
    with pytest.raises(ValueError, match="layer 1 in front of it trains: freeze all"):
        quantize(net, x, input_type="int8")
    list(net.fit(x, y, epochs=1, train="last:2"))


def test_what_integers_do_not_hold():
    net = Sequential([LSTM(3), Dense(2)], (1, 40, 4))
    net.layers[0].biases[:3] = 30
    with pytest.raises(ValueError, match=r"lstm_1: its cell state reaches 40, a device holds 16"):
        quantize(net, np.ones((3, 1, 40, 4)), train="last:1", input_type="int8")
    net.layers[0].biases[0, 0] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        quantize(net, np.ones((3, 1, 40, 4)), train="last:1", input_type="int8")
    with pytest.raises(ValueError, match="units, not 0"):
        LSTM(0)
