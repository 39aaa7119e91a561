"""The float32 baseline: gradients, shapes, learning, errors."""

import numpy as np
import pytest

from fqt import Conv2D, Dense, Flatten, MaxPool2D, Sequential
from fqt.reference.fixed import decayed, order_of, shuffle
from fqt.sequential import trainable_names


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


def test_gradients_against_finite_differences():
    net = layered()
    for layer in net.layers:
        for name, values in layer.parameters.items():
            setattr(layer, name, values.astype(np.float64))
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(2, 6, 9, 2)).astype(np.float32), np.array([0, 2])
    net.gradients(x, y)
    gradients = [dict(getattr(layer, "gradients", {})) for layer in net.layers]
    for layer, found in zip(net.layers, gradients, strict=True):
        for name, gradient in found.items():
            values = getattr(layer, name)
            for index in rng.integers(0, values.size, 8):
                kept, losses = values.flat[index], []
                for step in (1e-3, -1e-3):
                    values.flat[index] = kept + step
                    losses.append(net.gradients(x, y))
                values.flat[index] = kept
                slope = (losses[0] - losses[1]) / 2e-3
                assert gradient.flat[index] == pytest.approx(slope, abs=2e-3, rel=2e-2)


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
    ],
)
def test_what_does_not_fit_is_said(layers, message):
    with pytest.raises(ValueError, match=message):
        Sequential(layers, (6, 6, 1))


def test_wrong_arguments():
    for wrong in (lambda: Dense(0), lambda: Dense(2, activation="tanh"), lambda: MaxPool2D(0)):
        with pytest.raises(ValueError):
            wrong()


def plain_windows(x, layer):
    """(oy, ox, the window's taps) of one padded image, one after another."""
    top, bottom, left, right = layer.window.padding
    fill = 0 if layer.kind == "conv2d" else -np.inf
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
    for layer in (Conv2D(4, kernel, stride, padding), MaxPool2D(kernel, stride, padding)):
        layer.build(x.shape[1:], rng)
        y = layer.forward(x)
        assert y.shape[1:] == layer.output_shape
        for image, output in zip(x, y, strict=True):
            for oy, ox, taps in plain_windows(image, layer):
                if layer.kind == "conv2d":
                    want = (layer.weights * taps).sum(axis=(1, 2, 3)) + layer.biases
                else:
                    want = taps.max(axis=(0, 1))
                assert output[oy, ox] == pytest.approx(want, abs=1e-5)


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
