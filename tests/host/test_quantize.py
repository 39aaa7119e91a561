"""Quantizing: the integer network says what the float network said."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from fqt import core
from fqt.layers import (
    Add,
    AveragePool2D,
    BatchNormalization,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Flatten,
    GlobalAveragePool,
    MaxPool2D,
)
from fqt.reference import Network
from fqt.train.quantize import (
    QuantizationWarning,
    folded,
    quantize,
    quantize_input,
    quantize_weights,
)
from fqt.train.sequential import Sequential


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
    for _ in net.fit(x[train] / np.float32(255), y[train], epochs=3, lr=0.03, schedule="constant"):
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


def test_a_percentile_leaves_out_what_is_far_from_all_others():
    """One number in a thousand is ten times the others: they take a tenth of the range."""
    layers = [Conv2D(2, 1, activation="relu"), Dense(2)]
    net = Sequential(layers, (1, 10, 1))
    layers[0].weights[:] = 1
    x = np.linspace(0.01, 1, 1000).reshape(100, 1, 10, 1).astype(np.float32)
    x[50, 0, 5] = 10
    whole = quantize(net, x, input_type="int8")
    assert whole.to_bytes() == quantize(net, x, input_type="int8", percentile=100).to_bytes()
    with pytest.warns(QuantizationWarning, match="outputs are off"):  # by what is cut off
        cut = quantize(net, x, input_type="int8", percentile=99.8)
    for one, other in (
        (whole.input_scale, cut.input_scale),
        (whole.layers[0].output_scale, cut.layers[0].output_scale),
    ):
        assert one == pytest.approx(10 * other, rel=0.05)
    usual = np.delete(x, 50, axis=0)
    errors = []
    for model in (whole, cut):
        outputs = core.Model(model).outputs(quantize_input(model, usual))
        errors.append(np.abs(outputs - net.forward(usual)).mean())
    assert errors[1] < 0.3 * errors[0]
    assert quantize_input(cut, x[50]).max() == 127
    with pytest.warns(QuantizationWarning):
        frozen = quantize(net, x, "none", "int8", percentile=99.8).layers[0]
    assert frozen.output_scale == pytest.approx(np.percentile(x, 99.8) / 255)
    for percentile in (50, 49, 101, "99"):
        with pytest.raises(ValueError, match="percentile must be"):
            quantize(net, x, percentile=percentile)


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


def branched(seed=1):
    """Every kind, two branches, batch normalizations."""
    layers = [
        Conv2D(6, 3, padding="same", name="stem"),
        BatchNormalization("relu6"),
        DepthwiseConv2D(3, padding=1),
        BatchNormalization("relu"),
        Conv2D(6, 1),
        BatchNormalization(),
        Add("batch_norm_2", "relu6", name="sum"),
        MaxPool2D(2),
        Conv2D(4, 3, padding="same", name="left"),
        Conv2D(4, 1, name="right", source="max_pool2d_8"),
        Add("left"),
        AveragePool2D(2, stride=1),
        Flatten(),
        Dense(5, activation="relu6"),
        Dense(3),
    ]
    return Sequential(layers, (8, 8, 2), seed, "branched")


def branched_samples(count):
    return np.random.default_rng(1).uniform(size=(count, 8, 8, 2)).astype(np.float32)


def trained_branched():
    """With statistics, gammas and betas that are not the first ones."""
    net, x = branched(), branched_samples(40)
    for _ in net.fit(x, np.arange(40) % 3, epochs=2, lr=0.05, batch=4):
        pass
    return net


def test_folding_keeps_the_outputs():
    net, x = trained_branched(), branched_samples(20)
    before = net.forward(x)
    plain = folded(net)
    assert [layer.kind for layer in plain.layers].count("batch_norm") == 0
    assert len(plain.layers) == len(net.layers) - 3
    assert [layer.activation for layer in plain.layers[:3]] == ["relu6", "relu", "none"]
    assert [layer.name for layer in plain.layers[:4]] == ["stem", "depthwise_3", "conv2d_5", "sum"]
    assert plain.forward(x) == pytest.approx(before, abs=1e-4)
    for layer in plain.layers:
        for array in layer.parameters.values():
            assert array.dtype == np.float32
            array += 1
    assert (net.forward(x) == before).all()  # nothing is shared


def test_a_last_layer_may_be_normalized():
    net = Sequential([Dense(3), BatchNormalization()], (1, 1, 4))
    x = np.random.default_rng(1).normal(size=(30, 4)).astype(np.float32)
    for _ in net.fit(x, np.arange(30) % 3, batch=5):
        pass
    assert folded(net).forward(x) == pytest.approx(net.forward(x), abs=1e-4)
    assert [record.kind for record in quantize(net, x, input_type="int8").layers] == ["dense"]


def test_records_of_a_graph():
    net, x = trained_branched(), branched_samples(40)
    model = quantize(net, x, train="last:4")
    by_name = {record.name: record for record in model.layers}
    assert [record.kind for record in model.layers] == [
        "conv2d",
        "depthwise_conv2d",
        "conv2d",
        "add",
        "max_pool2d",
        "conv2d",
        "conv2d",
        "add",
        "average_pool2d",
        "flatten",
        "dense",
        "dense",
    ]
    inputs = [(0,), (1,), (2,), (3, 1), (4,), (5,), (5,), (7, 6), (8,), (9,), (10,), (11,)]
    assert [record.inputs for record in model.layers] == inputs
    assert by_name["depthwise_3"].weights.shape == (6, 3, 3)
    assert by_name["sum"].activation == "relu6"
    assert [record.name for record in model.layers if record.trainable] == [
        "left",
        "right",
        "dense_14",
        "dense_15",
    ]
    plain = folded(net)
    outputs = dict(zip((layer.name for layer in plain.layers), plain.tensors(x)[1:], strict=True))
    for name, record in by_name.items():
        least, greatest = min(float(outputs[name].min()), 0.0), float(outputs[name].max())
        room = 1.05 if name in ("left", "right", "add_11", "average_pool_12", "dense_14") else 1.0
        if name in ("max_pool2d_8", "flatten_13", "dense_15"):
            continue
        if record.activation == "relu6":
            assert record.output_scale == pytest.approx(min(greatest * room, 6) / 255)
        else:
            assert record.output_scale == pytest.approx((greatest - least) * room / 255)
    for before, after in (("sum", "max_pool2d_8"), ("average_pool_12", "flatten_13")):
        before, after = by_name[before], by_name[after]
        assert after.output_scale == before.output_scale
        assert after.output_zero_point == before.output_zero_point


def test_relu6_ends_at_6():
    """The margin adds nothing beyond what the activation can give."""
    net = Sequential([Dense(4, activation="relu6"), Dense(2)], (1, 1, 3))
    net.layers[0].biases[:] = [9, 1, 1, 1]
    record = quantize(net, np.ones((2, 3))).layers[0]
    assert record.output_scale == pytest.approx(6 / 255)
    assert record.output_zero_point == -128


@pytest.mark.parametrize("loss", ["mean_squared_error", "binary_cross_entropy"])
def test_the_loss_goes_into_the_file(loss):
    net = Sequential([Dense(1)], (1, 1, 3), loss=loss)
    assert quantize(net, np.ones((2, 3))).loss == loss


def test_the_reference_agrees_on_a_graph():
    net, x = trained_branched(), branched_samples(40)
    network = Network(quantize(net, x))
    inputs = np.round(x * 255).astype(np.uint8)
    outputs = np.stack([network.logits(sample) for sample in inputs]) / 65536
    want = net.forward(inputs / np.float32(255))
    assert np.abs(outputs - want).mean() < 0.03 * np.abs(want).mean()


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([Dense(2, activation="relu")], r"layer 1 \(dense_1\): the last layer must be a Dense"),
        ([Conv2D(2, 1), GlobalAveragePool()], "the last layer must be"),
        ([Dense(2), BatchNormalization("relu6")], r"layer 1 \(dense_1\): the last layer must"),
        (
            [Conv2D(2, 1), Flatten(), Dense(32, source="conv2d_1"), Add("flatten_2"), Dense(2)],
            r"layer 2 \(flatten_2\): another layer reads its input too",
        ),
    ],
)
def test_what_no_device_runs_is_said(layers, message):
    net = Sequential(layers, (4, 4, 1))
    with pytest.raises(ValueError, match=message):
        quantize(net, np.ones((1, 4, 4, 1)))


def test_names_that_a_network_gives_fit_a_file():
    layers = [DepthwiseConv2D(1) for _ in range(60)]
    net = Sequential([*layers, AveragePool2D(1), Conv2D(1, 1), Flatten(), Dense(2)], (1, 1, 1))
    assert all(len(layer.name) <= 16 for layer in net.layers)
    quantize(net, np.ones((1, 1)))
