"""Networks that were quantized without a word, though int8 does not hold what they do: the file
was written, and a board gave one number for all."""

import warnings

import numpy as np
import pytest

from fqt import (
    Add,
    Conv2D,
    Dense,
    Flatten,
    MaxPool2D,
    QuantizationWarning,
    Sequential,
    core,
    quantize,
    quantize_input,
)
from fqt.train import quantization_check


def values(count=100, features=4):
    return np.random.default_rng(0).random((count, 1, 1, features)).astype(np.float32)


def regression(weights, biases=0.0):
    net = Sequential([Dense(1)], (1, 1, 4), loss="mean_squared_error")
    net.layers[0].weights[:], net.layers[0].biases[:] = weights, biases
    return net


@pytest.fixture(params=["core", "reference"])
def runner(request, monkeypatch):
    """Where the core is built, and where it is not."""
    if request.param == "reference":
        monkeypatch.setenv("FQT_CORE_LIB", "/nowhere/libfqt_core.so")
        core.library.cache_clear()
        request.addfinalizer(core.library.cache_clear)


@pytest.mark.usefixtures("runner")
@pytest.mark.parametrize(
    ("weights", "biases", "message"),
    [
        (40000, 200000, r"layer 1 \(dense_1\): outputs reach .*: net.standardize_data"),
        (-20000, 0, "outputs reach"),
        (4e-6, 0, "steps of 1.5e-05: net.standardize_data"),
        (4e-6, 0.05, "steps of 1.5e-05"),
        (1e300, 0, "dense_1: outputs are not finite"),
        (1e30, 0, "did the training diverge|standardize_data"),
    ],
)
def test_outputs_that_no_device_tells_are_refused(weights, biases, message):
    with np.errstate(over="ignore"), pytest.raises(ValueError, match=message):
        quantize(regression(np.float32(weights), biases), values())


@pytest.mark.usefixtures("runner")
def test_outputs_that_a_device_tells_are_taken():
    x = values()
    for weights, biases in ((1000, 0), (0.01, 0), (1, 1000)):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            quantize(regression(weights, biases), x)


def classifier():
    net = Sequential([Dense(8, "relu"), Dense(3)], (1, 1, 4), seed=2)
    x = values()
    for _ in net.fit(x, x[:, 0, 0, :3].argmax(axis=1), epochs=5, lr=0.1):
        pass
    return net, x


def test_logits_of_a_diverged_network_are_refused():
    net, x = classifier()
    net.layers[1].weights *= 1e10
    with pytest.raises(ValueError, match=r"layer 2 \(dense_2\): outputs reach .* diverge"):
        quantize(net, x)


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (lambda x: x * 255, {}, r"from .* to 25\d.*, uint8 inputs hold 0 to 1 .*pass x / 255"),
        (lambda x: (x * 255).astype(np.uint8), {}, "input_scale=1 if it was trained on these"),
        (lambda x: x - 0.5, {}, "input_type='int8' holds numbers below 0"),
        (lambda x: x * 3, {"input_scale": 0.01}, "input_scale=0.01173 holds them"),
    ],
)
def test_calibration_beyond_the_inputs_range_is_refused(change, options, message):
    net, x = classifier()
    with pytest.raises(ValueError, match=message):
        quantize(net, change(x), **options)


def test_a_few_outliers_are_warned_of():
    net, x = classifier()
    x[3, 0, 0, 1] = 1.5
    with pytest.warns(QuantizationWarning, match=r"0\.2% of them lie beyond, and are cut off"):
        quantize(net, x)


def test_bytes_that_are_taken_as_real_units_are_warned_of():
    net, x = classifier()
    with pytest.warns(QuantizationWarning, match="a byte u that a device reads means u / 255"):
        quantize(net, (x > 0.5).astype(np.uint8))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        quantize(net, (x > 0.5).astype(np.uint8), input_scale=1)


@pytest.mark.usefixtures("runner")
def test_features_of_different_units_are_named():
    """One scale holds all features: those of small numbers vanish beside hPa and ppm."""
    rng = np.random.default_rng(0)
    count = 400
    raw = np.stack(
        [
            rng.normal(1013, 5, count),
            rng.random(count),
            rng.normal(0, 0.02, count),
            rng.integers(400, 2000, count),
        ],
        axis=1,
    )
    units = (raw - raw.mean(axis=0)) / raw.std(axis=0)
    labels = (units[:, 0] + units[:, 1] - units[:, 2] > 0).astype(int)
    net = Sequential([Dense(16, "relu"), Dense(2)], (1, 1, 4))
    for _ in net.fit(units, labels, epochs=5, lr=0.05):
        pass
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        quantize(net, units, input_type="int8")
    first = net.layers[0]
    first.weights = (first.weights / raw.std(axis=0)).astype(np.float32)
    first.biases = (first.biases - first.weights @ raw.mean(axis=0)).astype(np.float32)
    with pytest.raises(ValueError, match=r"channels 0 \(.*\), 1 \(.*\), 2 .* vary by less"):
        quantize(net, raw, input_type="int8")


def test_the_layer_that_loses_most_is_named():
    """An outlier among a layer's outputs sets the scale of all."""
    net = Sequential([Dense(4, "relu"), Dense(4, "relu"), Dense(2)], (1, 1, 4), seed=3)
    net.layers[1].weights = np.eye(4, dtype=np.float32)
    net.layers[1].biases[:] = [1e5, 0, 0, 0]
    net.layers[2].weights[:, 0] = 0
    with pytest.raises(ValueError, match=r"layer 2 \(dense_2\) loses most"):
        quantize(net, values())


def test_a_dead_network_is_refused():
    for number in (0, 1):
        net = Sequential([Dense(4, "relu"), Dense(4, "relu6"), Dense(2)], (1, 1, 4), seed=3)
        net.layers[number].biases[:] = -100
        with pytest.raises(
            ValueError, match=rf"layer {number + 1} .* 0 for all 100 .* it is dead"
        ):
            quantize(net, values())


def test_a_dead_branch_is_warned_of():
    layers = [Dense(4, name="a"), Dense(4, "relu", name="dead"), Add("a"), Dense(2)]
    net = Sequential(layers, (1, 1, 4))
    net.layers[1].biases[:] = -100
    with pytest.warns(QuantizationWarning, match=r"layer 2 \(dead\).*relu passes nothing"):
        quantize(net, values())


def test_networks_that_have_not_trained_are_taken():
    """A last layer of zeros trains; calibration samples that are all alike tell nothing."""
    net = Sequential(
        [Conv2D(3, 3, activation="relu"), MaxPool2D(2), Flatten(), Dense(2)], (8, 8, 1)
    )
    x = np.random.default_rng(0).random((20, 8, 8, 1)).astype(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        quantize(net, x)
        quantize(net, x[:1])
        quantize(net, np.zeros((3, 8, 8, 1)))
        net.layers[-1].weights[:] = 0
        quantize(net, x)


def test_many_calibration_samples_are_sampled(monkeypatch):
    """The comparison takes no longer for more of them, and sees the last as well as the first."""
    net, x = classifier()
    monkeypatch.setattr(quantization_check, "COMPARED", 10)
    picked, got = quantization_check._integer_outputs(quantize(net, x), x)
    assert picked.tolist() == [0, 11, 22, 33, 44, 55, 66, 77, 88, 99]
    assert got.shape == (10, 3)


def test_images_in_another_order_are_not_quantized():
    net = Sequential([Conv2D(2, 3), Dense(2)], (9, 7, 3))
    x = np.random.default_rng(0).random((5, 9, 7, 3)).astype(np.float32)
    model = quantize(net, x)
    assert (quantize_input(model, x[0]) == quantize_input(model, x)[0]).all()
    for wrong in (x.transpose(0, 3, 1, 2), x[0].transpose(2, 0, 1), x[..., 0]):
        with pytest.raises(ValueError, match=r"samples are .*9, 7, 3"):
            quantize_input(model, wrong)
    with pytest.raises(ValueError, match="channels come last"):
        quantize(net, x.transpose(0, 3, 1, 2))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seed": 1.5}, "seed must be a whole number"),
        ({"train": 5}, "names of layers, not 5"),
        ({"input_scale": "1"}, "input_scale must be a finite number"),
        ({"input_scale": 1e30}, "input_scale must be a finite number above 0"),
        ({"input_type": "float"}, "input_type is 'uint8' or 'int8'"),
    ],
)
def test_arguments_are_checked(options, message):
    net, x = classifier()
    with pytest.raises(ValueError, match=message):
        quantize(net, x, **options)
    with pytest.raises(ValueError, match="net is a Sequential, not list"):
        quantize(net.layers, x)
