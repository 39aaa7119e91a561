"""The float32 baseline: shapes, the graph, learning, errors. Gradients: test_float_gradients.py"""

import numpy as np
import pytest

from fqt.layers import (
    Add,
    AveragePool2D,
    BatchNormalization,
    Conv1D,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Flatten,
    GlobalAveragePool,
    MaxPool2D,
)
from fqt.reference import Network
from fqt.reference.fixed import decayed, order_of, shuffle
from fqt.run import core
from fqt.train.quantize import quantize
from fqt.train.schedules import learning_rate
from fqt.train.sequential import Sequential, trainable_names


def layered(seed=1):
    layers = [
        Conv2D(3, (3, 2), stride=(1, 2), padding="same", activation="relu"),
        MaxPool2D((2, 3), stride=1),
        Conv2D(4, 2, padding=(1, 0, 0, 1)),
        Flatten(),
        Dense(5, activation="relu"),
        Dense(3),
    ]
    return Sequential(layers, (6, 9, 2), seed=seed)


def test_same_padding_is_tensorflows():
    net = Sequential([Conv2D(1, 3, stride=2, padding="same"), Dense(2)], (28, 5, 1))
    assert net.layers[0].window.padding == (0, 1, 1, 1)
    assert net.layers[0].output_shape == (14, 3, 1)


def test_it_learns_and_the_same_seed_gives_the_same_weights():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 90)
    x = rng.normal(0, 0.3, (90, 6, 9, 2)).astype(np.float32)
    x[np.arange(90), :, y * 3] += 1
    nets = [layered(), layered()]
    for net in nets:
        losses = [epoch.loss for epoch in net.fit(x, y, epochs=6, lr=0.02)]
        assert losses[-1] < losses[0]
        assert net.evaluate(x, y) > 0.9
    for a, b in zip(nets[0].layers, nets[1].layers, strict=True):
        for name in a.parameters:
            assert (getattr(a, name) == getattr(b, name)).all()


def test_only_what_is_chosen_trains():
    net = layered()
    before = [layer.parameters["weights"].copy() for layer in net.layers if layer.parameters]
    for _ in net.fit(np.ones((2, 6, 9, 2), np.float32), np.array([0, 1]), train="last:1"):
        pass
    after = [layer.parameters["weights"] for layer in net.layers if layer.parameters]
    assert [bool((a != b).any()) for a, b in zip(after, before, strict=True)] == [
        False,
        False,
        False,
        True,
    ]


def test_choosing_what_trains():
    net = layered()
    assert trainable_names(net, "last:2") == ["dense_5", "dense_6"]
    assert trainable_names(net, "conv2d_1,dense_6") == ["conv2d_1", "dense_6"]
    assert trainable_names(net, "none") == []
    assert len(trainable_names(net, "all")) == 4
    for wrong, message in (
        ("last:9", "4 layers"),
        ("last:x", "4 layers"),
        ("dense_9", "there are conv2d_1"),
    ):
        with pytest.raises(ValueError, match=message):
            trainable_names(net, wrong)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([], "at least one"),
        ([Conv2D(2, 9), Dense(2)], r"layer 1 \(conv2d_1\): kernel \(9, 9\) is larger"),
        ([Dense(2, name="a"), Dense(2, name="a")], "names must differ"),
        ([Conv2D(2, 3, padding="round"), Dense(2)], "padding is"),
        ([Dense(2, name="input")], "and from 'input'"),
        ([Dense(2), Dense(2, source="dense_3"), Dense(2)], "'dense_3' is none of input, dense_1"),
        ([Dense(2), Dense(2, source="input")], r"layer 1 \(dense_1\): no layer reads its output"),
        ([Dense(2), Dense(3), Add("dense_1"), Dense(2)], "do not add up"),
        ([Dense(2), Add("dense_1"), Dense(2)], "reads 'dense_1' twice"),
        ([Conv1D(2, 3), Dense(2)], "time series are"),
        ([BatchNormalization(), Dense(2)], "follows a Dense, Conv2D or DepthwiseConv2D"),
        ([Dense(2, activation="relu"), BatchNormalization(), Dense(2)], "without activation"),
        ([Dense(2), BatchNormalization(), Add("dense_1"), Dense(2)], "another layer reads"),
    ],
)
def test_what_does_not_fit_is_said(layers, message):
    with pytest.raises(ValueError, match=message):
        Sequential(layers, (6, 6, 1))


def test_wrong_arguments():
    for wrong in (
        lambda: Dense(0),
        lambda: Dense(2, activation="tanh"),
        lambda: MaxPool2D(0),
        lambda: Add("a", "tanh"),
        lambda: BatchNormalization("tanh"),
        lambda: BatchNormalization(momentum=1),
        lambda: BatchNormalization(epsilon=0),
        lambda: Sequential([Dense(2)], (1, 1, 2), loss="hinge"),
    ):
        with pytest.raises(ValueError):
            wrong()


def plain_windows(x, layer):
    """(oy, ox, the window's taps) of one padded image, one after another."""
    top, bottom, left, right = layer.window.padding
    fill = -np.inf if layer.kind == "max_pool2d" else 0
    padded = np.pad(x, ((top, bottom), (left, right), (0, 0)), constant_values=fill)
    height, width = layer.window.kernel
    for oy in range(layer.output_shape[0]):
        for ox in range(layer.output_shape[1]):
            iy, ix = oy * layer.window.stride[0], ox * layer.window.stride[1]
            taps = padded[iy : iy + height, ix : ix + width]
            assert taps.shape[:2] == (height, width)
            yield oy, ox, taps


@pytest.mark.parametrize("padding", ["same", "valid", 1, (1, 0, 0, 1)])
@pytest.mark.parametrize(("kernel", "stride"), [(2, 1), (3, 2), ((2, 3), (3, 1)), (3, 4)])
def test_windows_against_plain_loops(kernel, stride, padding):
    rng = np.random.default_rng(2)
    x = rng.normal(size=(2, 7, 8, 3)).astype(np.float32)
    layers = [
        Conv2D(4, kernel, stride, padding),
        DepthwiseConv2D(kernel, stride, padding),
        MaxPool2D(kernel, stride, padding),
    ]
    if padding == "valid":
        layers.append(AveragePool2D(kernel, stride))
    for layer in layers:
        layer.build(x.shape[1:], rng)
        y = layer.forward(x)
        assert y.shape[1:] == layer.output_shape
        for image, output in zip(x, y, strict=True):
            for oy, ox, taps in plain_windows(image, layer):
                if layer.kind == "conv2d":
                    want = (layer.weights * taps).sum(axis=(1, 2, 3)) + layer.biases
                elif layer.kind == "depthwise_conv2d":
                    want = (layer.weights.transpose(1, 2, 0) * taps).sum(axis=(0, 1))
                elif layer.kind == "max_pool2d":
                    want = taps.max(axis=(0, 1))
                else:
                    want = taps.mean(axis=(0, 1))
                assert output[oy, ox] == pytest.approx(want, abs=1e-5)


def test_equal_greatest_values_share_nothing():
    """The first one takes the gradient, as on the device."""
    pool = MaxPool2D(2)
    pool.build((2, 4, 1), np.random.default_rng(1))
    pool.forward(np.array([[0, 3, 1, 1], [3, 0, 1, 1]], np.float32).reshape(1, 2, 4, 1))
    dx = pool.backward(np.array([5, 7], np.float32).reshape(1, 1, 2, 1))
    assert dx[0, ..., 0].tolist() == [[0, 5, 7, 0], [0, 0, 0, 0]]


def test_global_average_pooling_is_one_window():
    pool = GlobalAveragePool()
    pool.build((3, 255, 2), np.random.default_rng(1))
    assert pool.window.kernel == pool.window.stride == (3, 255)
    x = np.random.default_rng(1).normal(size=(2, 3, 255, 2)).astype(np.float32)
    assert pool.forward(x) == pytest.approx(x.mean(axis=(1, 2)).reshape(2, 1, 1, 2), abs=1e-6)
    with pytest.raises(ValueError, match="at most 255 x 255 places"):
        pool.build((3, 256, 2), np.random.default_rng(1))


def test_fit_takes_the_devices_order_and_rates():
    """What fqt.fit does on a device, written out: shuffled anew each epoch, the rate falling."""
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(20, 1, 1, 6)).astype(np.float32), rng.integers(0, 3, 20)
    net, other = Sequential([Dense(3)], (1, 1, 6)), Sequential([Dense(3)], (1, 1, 6))
    rates = [epoch.lr for epoch in net.fit(x, y, epochs=3, lr=0.1, seed=7)]
    assert rates == [decayed(0.1, epoch, 3) for epoch in range(3)]
    order = order_of(20, 7)
    for epoch in range(3):
        if epoch:
            shuffle(order, 7 + epoch)
        for i in order:
            other.gradients(x[[i]], y[[i]])
            for name, gradient in other.layers[0].gradients.items():
                getattr(other.layers[0], name)[...] -= np.float32(rates[epoch]) * gradient
    assert (net.layers[0].weights == other.layers[0].weights).all()
    assert (net.layers[0].biases == other.layers[0].biases).all()


@pytest.mark.parametrize("schedule", ["constant", "cosine"])
def test_schedules_and_weight_decay(schedule):
    """Steps written out: w -= lr * (g + weight_decay * w), biases without decay."""
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(8, 1, 1, 6)).astype(np.float32), rng.integers(0, 3, 8)
    net = Sequential([Dense(3)], (1, 1, 6))
    other = net.copy()
    for _ in net.fit(x, y, 2, lr=0.1, batch=8, schedule=schedule, weight_decay=0.3):
        pass
    layer = other.layers[0]
    for epoch in range(2):
        rate = np.float32(learning_rate(schedule, 0.1, epoch, 2))
        other.gradients(x, y)
        decay = np.float32(0.3) * layer.weights
        layer.weights -= rate * (layer.gradients["weights"] + decay)
        layer.biases -= rate * layer.gradients["biases"]
    assert net.layers[0].weights == pytest.approx(layer.weights, abs=1e-6)
    assert net.layers[0].biases == pytest.approx(layer.biases, abs=1e-6)


def test_regression_learns():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(200, 1, 1, 4)).astype(np.float32)
    y = x[:, 0, 0, 0] - 2 * x[:, 0, 0, 1] + 1
    net = Sequential([Dense(1)], (1, 1, 4), loss="mean_squared_error")
    for _ in net.fit(x, y, 5, lr=0.05):
        pass
    losses = net.losses(x, y)
    assert losses.shape == (200,)
    assert losses.max() < 1e-3
    with pytest.raises(ValueError, match=r"no classes: losses\(x, y\)"):
        net.evaluate(x, y)


def test_an_autoencoder_learns_its_input():
    rng = np.random.default_rng(1)
    x = (rng.normal(size=(200, 2)) @ rng.normal(size=(2, 8))).astype(np.float32)
    net = Sequential([Dense(2), Dense(8)], (1, 1, 8), loss="mean_squared_error")
    before = net.losses(x).mean()
    for _ in net.fit(x, epochs=20, lr=0.02):
        pass
    assert net.losses(x).mean() < 0.05 * before
    smaller = Sequential([Dense(2), Dense(7)], (1, 1, 8), loss="mean_squared_error")
    with pytest.raises(ValueError, match="targets are needed: the input has 8 elements, the"):
        smaller.losses(x)


def test_two_classes_with_one_output():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(300, 1, 1, 3)).astype(np.float32)
    y = (x.sum(axis=(1, 2, 3)) > 0.2).astype(float)
    net = Sequential(
        [Dense(8, activation="relu6"), Dense(1)], (1, 1, 3), loss="binary_cross_entropy"
    )
    for _ in net.fit(x, y, 10, lr=0.05):
        pass
    assert net.evaluate(x, y) > 0.97
    assert (net.predict(x) == y).mean() == net.evaluate(x, y)
    with pytest.raises(ValueError, match="must be 0 to 1"):
        net.losses(x, y + 0.5)
    with pytest.raises(ValueError, match="finite"):
        net.losses(x, y * np.nan)
    with pytest.raises(ValueError, match=r"targets are \[300\]\[1\]"):
        net.losses(x, y[:9])


def test_a_class_at_each_place():
    """A bright place is of class 1: learnt as well when half of the labels do not count."""
    rng = np.random.default_rng(1)
    x = rng.uniform(0, 1, (60, 5, 4, 1)).astype(np.float32)
    y = (x[..., 0] > 0.5).astype(int)
    for ignored in (0.0, 0.5):
        labels = np.where(rng.uniform(size=y.shape) < ignored, 255, y)
        layers = [Conv2D(4, 1, activation="relu"), Conv2D(2, 1)]
        net = Sequential(layers, (5, 4, 1), loss="pixelwise_cross_entropy")
        for _ in net.fit(x, labels, 20, lr=0.3):
            pass
        assert net.evaluate(x, y) > 0.95
    flat = y.reshape(60, 20)
    assert net.evaluate(x, np.where(net.predict(x) == flat, 255, flat)) == 0
    model = quantize(net, x, labels=("dark", "bright"))
    assert model.labels == ("dark", "bright")
    quick, plain = core.Model(model), Network(model)
    assert abs(quick.evaluate((x, flat)) - net.evaluate(x, y)) < 0.03
    assert plain.evaluate((x[:5], y[:5])) == quick.evaluate((x[:5], y[:5]))
    seen = bytes(quick.predict_many(x[:1])[0].tolist())
    assert plain.predict(x[0]) == quick.predict(x[0]) == seen
    with pytest.raises(ValueError, match=r"integer labels \[60\]\[5\]\[4\], one a pixel"):
        net.evaluate(x, y[:, 0, 0])
    with pytest.raises(ValueError, match="labels of pixels must be 0 to 1, or 255"):
        net.losses(x, y + 1)
    with pytest.raises(ValueError, match="the label of pixel 3 must be 0 to 1, or 255"):
        quick.train(x[0], np.array([0, 1, 0, 2] * 5))
    with pytest.raises(ValueError, match="the labels of 20 pixels, integers, row by row"):
        plain.train(x[0], 1)


def normalized(seed=1):
    layers = [
        Conv2D(4, 3, padding="same"),
        BatchNormalization("relu"),
        Conv2D(4, 1, name="short", source="input"),
        Conv2D(4, 3, padding="same", source="batch_norm_2"),
        BatchNormalization(),
        Add("short", "relu6"),
        Dense(3),
    ]
    return Sequential(layers, (5, 6, 2), seed=seed)


def test_batch_normalization_normalizes_and_remembers():
    layer = BatchNormalization(momentum=0.75)
    layer.build((2, 2, 3), np.random.default_rng(1))
    x = np.random.default_rng(1).normal(2, 3, (8, 2, 2, 3)).astype(np.float32)
    assert layer.forward(x) == pytest.approx(x, rel=1e-4)  # not training: nothing is known yet
    layer.training = True
    y = layer.forward(x).reshape(-1, 3)
    assert y.mean(axis=0) == pytest.approx(np.zeros(3), abs=1e-5)
    assert y.std(axis=0) == pytest.approx(np.ones(3), abs=1e-4)
    flat = x.reshape(-1, 3)
    assert layer.running_mean == pytest.approx(0.25 * flat.mean(axis=0), rel=1e-4)
    assert layer.running_variance == pytest.approx(0.75 + 0.25 * flat.var(axis=0), rel=1e-4)
    kept = layer.running_mean.copy()
    alone = layer.forward(x[:1])
    assert (layer.running_mean == kept).all()
    layer.training = False
    assert (layer.forward(x[:1]) == alone).all()


def test_batch_normalization_trains_with_its_layer():
    x = np.random.default_rng(1).normal(size=(6, 5, 6, 2)).astype(np.float32)
    net = normalized()
    assert trainable_names(net, "last:2") == ["conv2d_4", "dense_7"]
    state = [layer.state for layer in net.copy().layers]
    for _ in net.fit(x, np.arange(6) % 3, batch=3, train="last:2"):
        pass
    changed = [
        any((layer.state[key] != kept[key]).any() for key in kept)
        for layer, kept in zip(net.layers, state, strict=True)
    ]
    assert changed == [False, False, False, True, True, False, True]
    net.layers[1].gamma[:] = net.layers[4].gamma[:] = 2
    net.reset("conv2d_1", seed=3)
    assert (net.layers[1].gamma == 1).all()
    assert (net.layers[4].gamma == 2).all()


def test_reset_and_copy():
    net = layered()
    copied = net.copy()
    net.reset("last:1", seed=5)
    same = [
        (a.weights == b.weights).all()
        for a, b in zip(net.layers, copied.layers, strict=True)
        if a.parameters
    ]
    assert same == [True, True, True, False]
    again = copied.copy()
    again.reset("last:1", seed=5)
    assert (again.layers[-1].weights == net.layers[-1].weights).all()
    net.reset("dense_5")
    assert not net.layers[4].biases.any()


def test_samples_may_be_flat_or_one_alone():
    net = layered()
    x = np.random.default_rng(1).normal(size=(3, 6, 9, 2)).astype(np.float32)
    assert (net.forward(x.reshape(3, -1)) == net.forward(x)).all()
    assert net.forward(x[1]) == pytest.approx(net.forward(x)[1:2], abs=1e-5)


def test_saved_parameters_come_back(tmp_path):
    path = tmp_path / "net.npz"
    net, other = layered(seed=1), layered(seed=2)
    x = np.ones((1, 6, 9, 2), np.float32)
    net.save(path)
    other.load(path)
    assert (other.forward(x) == net.forward(x)).all()
    smaller = Sequential([Dense(3)], (6, 9, 2))
    before = smaller.forward(x)
    with pytest.raises(ValueError, match=r"net\.npz holds .*conv2d_1\.weights"):
        smaller.load(path)
    assert (smaller.forward(x) == before).all()


def test_saving_keeps_running_statistics(tmp_path):
    net, other = normalized(1), normalized(2)
    x = np.random.default_rng(1).normal(size=(6, 5, 6, 2)).astype(np.float32)
    for _ in net.fit(x, np.arange(6) % 3, batch=3):
        pass
    net.save(tmp_path / "net.npz")
    other.load(tmp_path / "net.npz")
    assert (other.forward(x) == net.forward(x)).all()
    assert (other.layers[1].running_mean == net.layers[1].running_mean).all()
    assert net.layers[1].running_mean.any()


def test_data_that_do_not_fit_are_refused():
    net = layered()
    x, y = np.zeros((4, 6, 9, 2), np.float32), np.array([0, 1, 2, 0])
    before = net.forward(x[0])
    for samples, labels, options, message in (
        (x[:0], y[:0], {}, "no samples"),
        (x, y[:3], {}, "4 samples need as many integer labels"),
        (x, y[:, None], {}, r"labels, not int64 of shape \(4, 1\)"),
        (x, y.astype(float), {}, "integer labels, not float64"),
        (x, y - 1, {}, "labels must be 0 to 2, not -1"),
        (x, y + 1, {}, "labels must be 0 to 2, not 3"),
        (x.reshape(2, 12, 9, 2), y[:2], {}, r"108 elements each\), not \(2, 12, 9, 2\)"),
        (x, y, {"lr": -1.0}, "lr must be"),
        (x, y, {"lr": float("nan")}, "lr must be"),
        (x, y, {"batch": 0}, "at least 1 sample"),
        (x, y, {"train": "none"}, "no layer trains"),
        (x, y, {"schedule": "step"}, "schedule is one of"),
        (x, y, {"weight_decay": -1.0}, "weight_decay must be"),
    ):
        with pytest.raises(ValueError, match=message):
            next(net.fit(samples, labels, **options))
        if not options:
            with pytest.raises(ValueError, match=message):
                net.evaluate(samples, labels)
    assert (net.forward(x[0]) == before).all()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Sequential([Dense(2)], (64,)), "input_shape is"),
        (lambda: Sequential([Dense(2)], (0, 8, 1)), "input_shape is"),
        (lambda: Sequential([MaxPool2D(2, padding=2)], (4, 4, 1)), "below the kernel"),
        (lambda: Sequential([Conv2D(2, 3, padding=-1)], (4, 4, 1)), "0 or more"),
        (lambda: Sequential([Flatten()], (256, 256, 1)), "flattens by itself"),
        (lambda: Conv2D(2, 256), "1 to 255, not 256"),
        (lambda: Dense(65536), "1 to 65535 outputs"),
    ],
)
def test_what_no_model_file_holds_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
