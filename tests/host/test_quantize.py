"""Quantizing: the integer network says what the float network said."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from fqt import Conv2D, Dense, Flatten, MaxPool2D, Sequential, core, quantize, quantize_input
from fqt.quantize import quantize_weights


@pytest.fixture(scope="module")
def trained():
    """A CNN trained on half of the digits; the other half: (net, x uint8, y)."""
    data = load_digits()
    x = (data.images * 15).astype(np.uint8)[..., None]
    layers = [Conv2D(6, 3, padding="same", activation="relu"), MaxPool2D(2), Flatten(), Dense(10)]
    net = Sequential(layers, (8, 8, 1), seed=3, name="digits")
    for _ in net.fit(x[::2] / np.float32(255), data.target[::2], epochs=3, lr=0.05):
        pass
    return net, x[1::2], data.target[1::2]


@pytest.mark.parametrize("input_type", ["uint8", "int8"])
def test_the_integer_network_agrees_with_the_float_network(trained, input_type):
    net, x, _ = trained
    real = x / np.float32(255)
    model = quantize(net, real[:100], input_type=input_type)
    integer = core.Model(model)
    inputs = quantize_input(model, real)
    if input_type == "uint8":
        assert (inputs == x).all()
    logits = np.stack([integer.logits(sample) for sample in inputs]) / 65536
    want = net.forward(real)
    assert (logits.argmax(axis=1) == want.argmax(axis=1)).mean() > 0.985
    assert np.abs(logits - want).mean() < 0.02 * np.abs(want).mean()


def test_float_inputs_mean_the_same(trained):
    net, x, _ = trained
    model = core.Model(quantize(net, x[:50] / 255))
    for sample in x[:20]:
        real = sample / np.float32(255)
        assert (model.quantize_input(real) == model.quantize_input(sample)).all()


def test_what_trains_is_chosen(trained):
    net, x, _ = trained
    assert [layer.trainable for layer in quantize(net, x[:9] / 255, train="last:1").layers] == [
        False
    ] * 3 + [True]
    with pytest.raises(ValueError, match="no layer 'nobody'"):
        quantize(net, x[:9] / 255, train="nobody")


def test_weights_keep_their_values_and_zero_channels_a_scale():
    weights = np.array([[0.5, -1.0], [0.0, 0.0], [0.02, 0.01]], np.float32)
    quantized, scales = quantize_weights(weights)
    assert np.abs(quantized * scales[:, None] - weights).max() <= scales.max() / 2
    assert np.abs(quantized).max(axis=1).tolist() == [127, 0, 127]
    assert scales[1] == scales[0]
    with pytest.raises(ValueError, match="diverge"):
        quantize_weights(np.array([[np.nan]], np.float32))


def test_bad_calibration_data_are_refused(trained):
    net = trained[0]
    for wrong in (np.empty((0, 8, 8, 1)), np.full((1, 8, 8, 1), np.nan)):
        with pytest.raises(ValueError, match="calibration"):
            quantize(net, wrong)
    with pytest.raises(ValueError, match="input_type"):
        quantize(net, np.zeros((1, 8, 8, 1)), input_type="int16")


def test_training_in_integers_learns_as_float_does(trained):
    """From the same random weights, on the same samples: within 2 points after three epochs."""
    _, x, y = trained
    layers = [Conv2D(6, 3, padding="same", activation="relu"), MaxPool2D(2), Flatten(), Dense(10)]
    net = Sequential(layers, (8, 8, 1), seed=8)
    model = core.Model(quantize(net, x[:50] / 255))
    train, test = slice(0, 600), slice(600, None)
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(600)
        model.train_many(x[train], y[train], order, 0.03)
    for _ in net.fit(x[train] / np.float32(255), y[train], epochs=3, lr=0.03, decay=False):
        pass
    assert (
        model.evaluate(x[test], y[test]) > net.evaluate(x[test] / np.float32(255), y[test]) - 0.02
    )


def test_a_bias_beside_nearly_zero_weights_keeps_its_value():
    """Its unit is that of the channel's weights: without a least scale it would not fit int32."""
    net = Sequential([Dense(4, activation="relu"), Dense(2)], (1, 1, 8))
    hidden = net.layers[0]
    hidden.weights[1] *= 1e-12
    hidden.biases[:] = [0.1, 0.5, -0.5, 0.0]
    record = quantize(net, np.ones((2, 8))).layers[0]
    biases = record.biases * record.bias_scale * record.weight_scales.astype(np.float64)
    assert biases == pytest.approx(hidden.biases, abs=1e-3)
    assert np.abs(record.biases).max() <= 2**29 + 64
    assert np.abs(record.weights).max(axis=1).tolist() == [127, 0, 127, 127]


def test_activations_fill_their_range():
    """Trainable layers get 5 % of room above what calibration saw, frozen ones none."""
    layers = [Dense(6, activation="relu"), Dense(5), Dense(2)]
    net = Sequential(layers, (1, 1, 8), seed=4)
    x = np.random.default_rng(1).uniform(size=(50, 8)).astype(np.float32)
    relu = layers[0].forward(net.samples(x))
    linear = layers[1].forward(relu)
    for train, room in (("all", 1.05), ("last:1", 1.0)):
        first, second, _ = quantize(net, x, train=train).layers
        assert first.output_zero_point == -128
        assert first.output_scale == pytest.approx(relu.max() * room / 255)
        least, greatest = min(linear.min(), 0), max(linear.max(), 0)
        assert second.output_scale == pytest.approx((greatest - least) * room / 255)
        covered = np.array([-128, 127]) - second.output_zero_point
        lower, upper = covered * second.output_scale
        assert lower - second.output_scale <= least * room
        assert upper + second.output_scale >= greatest * room


def test_inputs_that_do_not_fit_are_refused(trained):
    net, x, _ = trained
    real = x[:9] / np.float32(255)
    for wrong in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="input_scale must be"):
            quantize(net, real, input_scale=wrong)
    with pytest.raises(ValueError, match="goes with input_type 'uint8'"):
        quantize(net, real, input_type="int8", input_scale=0.5)
    with pytest.raises(ValueError, match="64 elements each"):
        quantize(net, np.zeros((4, 16, 8, 1)))
    model = quantize(net, real, input_scale=0.01)
    assert quantize_input(model, [0.0, 0.126, 9.0, -1.0]).tolist() == [0, 13, 255, 0]
    with pytest.raises(ValueError, match="not finite"):
        quantize_input(model, [0.0, np.nan])


def test_diverged_parameters_are_refused():
    for name in ("weights", "biases"):
        net = Sequential([Dense(3)], (1, 1, 4))
        getattr(net.layers[0], name)[...] = np.nan
        with pytest.raises(ValueError, match="dense_1: outputs are not finite"):
            quantize(net, np.ones((1, 4)))
