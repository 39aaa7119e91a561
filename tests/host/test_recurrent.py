"""The layer kinds lstm and gru: frozen, and what is behind them trains."""

import numpy as np
import pytest

from fqt import GRU, LSTM, Conv1D, Dense, Sequential, float_network, quantize, quantize_input
from fqt.model_file import ModelFile, ModelFileError
from fqt.reference import Network
from fqt.reference.squash import sigmoid, tanh
from fqt.run import core
from models import Layer, random_model, random_samples, random_targets, recurrent_model

ALL = np.arange(-32768, 32768)


def test_sigmoid_and_tanh_of_all_numbers():
    """Of 16 bits the functions are off by less than a thousandth of what int8 tells apart."""
    assert np.abs(sigmoid(ALL) / 32768 - 1 / (1 + np.exp(-ALL / 4096))).max() < 3e-4
    for bits in range(5):
        wanted = np.tanh(ALL / 2.0 ** (15 - bits))
        assert np.abs(tanh(ALL, bits) / 32768 - wanted).max() < 5e-4


@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_what_is_behind_it_trains_to_the_same_bytes(kind):
    model = recurrent_model(kind)
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


@pytest.mark.parametrize("kind", ["lstm", "gru"])
@pytest.mark.parametrize("seed", range(8))
def test_gates_of_any_format(kind, seed):
    """Cell states with 0 to 4 bits before the point, with a limit or none; reset gates at either
    place."""
    layers = [Layer(kind, 5, activation="sequence"), Layer(kind, 3), Layer("dense", 2)]
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


def reset_before(units, sequence):
    return GRU(units, sequence, reset_after=False)


def network(kind=LSTM, sequence=False, seed=1):
    layers = [Conv1D(6, 3, activation="relu"), kind(10, sequence), Dense(8, "relu"), Dense(3)]
    return Sequential(layers, (1, 12, 4), seed)


@pytest.mark.parametrize("sequence", [False, True])
@pytest.mark.parametrize("kind", [LSTM, GRU, reset_before])
def test_quantized_is_near_float(kind, sequence):
    net = network(kind, sequence)
    rng = np.random.default_rng(3)
    net.layers[1].biases = rng.normal(0, 0.5, (4, 10)).astype(np.float32)
    x = np.random.default_rng(2).normal(0, 1, (60, 1, 12, 4)).astype(np.float32)
    model = quantize(net, x, train="last:2", input_type="int8")
    outputs, wanted = core.Model(model).outputs(x).reshape(60, 3), net.forward(x).reshape(60, 3)
    assert np.abs(outputs - wanted).max() < 0.05 * np.abs(wanted).max()
    back = float_network(model)
    assert np.abs(back.forward(x).reshape(60, 3) - wanted).max() < 0.03 * np.abs(wanted).max()


def drifts(count, seed):
    """60 steps of noise around one of four means, which change sign half way: which?"""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 4, count)
    means = np.array([[1, 0], [-1, 0], [0, 1], [0, -1]])[y, None] * np.repeat([1, -1], 30)[:, None]
    x = 0.5 * means + rng.normal(0, 0.6, (count, 60, 2))
    return x.reshape(count, 1, 60, 2).astype(np.float32), y


@pytest.mark.parametrize("kind", [LSTM, GRU, reset_before])
def test_many_steps_give_float_s_class(kind):
    """Of a network whose last layer was fitted. tests/importers/test_torch.py has a trained
    one."""
    net = Sequential([kind(20, False), Dense(4)], (1, 60, 2), seed=3)
    recurrent, dense = net.layers
    recurrent.weights *= 3  # so that the state is no mere mean of the steps
    x, y = drifts(300, 1)
    states = recurrent.forward(x).reshape(len(x), -1)
    dense.weights = np.linalg.lstsq(states, np.eye(4, dtype=np.float32)[y], rcond=None)[0].T
    model = quantize(net, x, train="last:1", input_type="int8")
    x, y = drifts(500, 2)
    classes, wanted = core.Model(model).predict_many(x), net.predict(x)
    assert (wanted == y).mean() > 0.85
    assert (classes == wanted).mean() >= 0.99


def test_a_gru_s_state_moves_by_less_than_int8_tells_apart():
    """It nears its end by a two hundredth of what lacks in each step."""
    net = Sequential([GRU(1, sequence=True), Dense(1)], (1, 400, 1), loss="mean_squared_error")
    gru = net.layers[0]
    gru.weights = np.array([[[0, 0]], [[0, 0]], [[1, 0]]], np.float32)
    gru.biases = np.array([[0], [-np.log(1 / 0.995 - 1)], [0], [0]], np.float32)
    x = np.full((1, 1, 400, 1), 0.5, np.float32)
    states = gru.forward(x)[0, 0, :, 0]
    np.testing.assert_allclose(states, np.tanh(0.5) * (1 - 0.995 ** np.arange(1, 401)), rtol=1e-4)
    model = quantize(net, x, train="last:1", input_type="int8")
    made = model.layers[0]
    features = core.Model(model).features(quantize_input(model, x))[0].astype(int)
    found = (features - made.output_zero_point) * made.output_scale
    assert np.abs(found - states).max() < 2.5 * made.output_scale
    assert made.output_scale < 0.004


@pytest.mark.parametrize(
    ("kind", "said"), [(LSTM, "lstm_2: an LSTM passes"), (GRU, "gru_2: a GRU passes")]
)
def test_what_lies_before_it_does_not_train(kind, said):
    net = network(kind)
    x = np.random.default_rng(2).normal(0, 1, (20, 1, 12, 4)).astype(np.float32)
    y = np.arange(20) % 3
    with pytest.raises(ValueError, match=f"{said} no error on: train="):
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
    for kind in (LSTM, GRU):
        with pytest.raises(ValueError, match=f"{kind.kind} layers have 1 to 65535 units, not 0"):
            kind(0)
    with pytest.raises(ValueError, match="reset_after"):
        GRU(3, reset_after=2)
