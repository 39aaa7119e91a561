"""Faults of networks in float32 that were found once: constructors that wiped layers of others,
data taken in the wrong order, files that were half taken, training that never ran."""

import gc
import warnings

import numpy as np
import pytest

from fqt import BatchNormalization, Conv1D, Conv2D, Dense, Flatten, MaxPool2D, Sequential
from fqt.inputs import DivergenceError
from fqt.layers import Add


def trained(seed=1):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 60)
    x = (rng.random((60, 1, 1, 4)) + y[:, None, None, None]).astype(np.float32)
    net = Sequential([Dense(8, "relu"), Dense(2)], (1, 1, 4), seed)
    for _ in net.fit(x, y, epochs=3, lr=0.1):
        pass
    return net, x, y


def test_a_new_head_on_trained_layers_keeps_both_networks():
    """A second network of a trained network's layers had wiped these in both."""
    base, x, _ = trained()
    before, names = base.forward(x), [layer.name for layer in base.layers]
    new = Sequential([base.layers[0], Dense(5, name="head")], (1, 1, 4))
    assert (new.layers[0].weights == base.layers[0].weights).all()
    for _ in new.fit(x, np.arange(60) % 5, lr=0.1):
        pass
    new.layers[0].weights += 1
    assert (base.forward(x) == before).all()
    assert [layer.name for layer in base.layers] == names


def test_a_normalization_keeps_its_statistics_in_another_network():
    base = Sequential([Conv2D(3, 3), BatchNormalization("relu"), Dense(2)], (6, 6, 2))
    x = np.random.default_rng(1).normal(size=(8, 6, 6, 2)).astype(np.float32)
    for _ in base.fit(x, np.arange(8) % 2, batch=4):
        pass
    new = Sequential([*base.layers[:2], Conv2D(4, 1), Dense(3)], (9, 9, 2))
    for old, copied in zip(base.layers[:2], new.layers[:2], strict=True):
        for key, array in old.state.items():
            assert (copied.state[key] == array).all()
            assert copied.state[key] is not array
    assert base.layers[0].output_shape == (4, 4, 3)
    assert new.layers[0].output_shape == (7, 7, 3)


def test_layers_that_do_not_fit_what_they_know_are_refused():
    base, x, _ = trained()
    before = base.forward(x)
    for shape in ((1, 1, 5), (1, 4, 1)):
        with pytest.raises(ValueError, match=r"layer 1 \(dense_1\): what it has learned is for"):
            Sequential([base.layers[0], Dense(5)], shape)
    assert (base.forward(x) == before).all()


def test_a_constructor_that_fails_leaves_its_layers_as_they_were():
    layers = [Conv2D(2, 3, padding="same"), MaxPool2D(9), Dense(2)]
    kept = list(layers)
    with pytest.raises(ValueError, match=r"layer 2 \(max_pool2d_2\)"):
        Sequential(layers, (8, 8, 1))
    assert layers == kept
    assert [layer.name for layer in layers] == ["", "", ""]
    assert not any(layer.is_built for layer in layers)
    net = Sequential(layers, (9, 9, 1))
    layers.append(Dense(3))
    assert len(net.layers) == 3 and net.layers[0] is kept[0]


def test_names_of_new_layers_make_way_for_those_of_others():
    base, _, _ = trained()
    mixed = Sequential([Flatten(), base.layers[0], Dense(2)], (1, 1, 4))
    assert [layer.name for layer in mixed.layers] == ["flatten_1", "dense_1", "dense_3"]
    front = Sequential([Dense(4), Dense(2, name="dense_1")], (1, 1, 4))
    assert [layer.name for layer in front.layers] == ["dense_2", "dense_1"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda d: [d, d], "layer 2 is layer 1 again"),
        (lambda d: [d, Dense], r"layer 2 is the class Dense.* write Dense\(\.\.\.\)"),
        (lambda d: [d, 5], "layer 2 must be one of fqt.layers, not 5"),
        (lambda d: d, r"layers are a list, not Dense"),
        (lambda d: 5, "layers are a list, not int"),
        (lambda d: [d, Dense(2, source="nobody")], "'nobody' is none of"),
    ],
)
def test_what_is_no_list_of_layers_is_said(make, message):
    with pytest.raises(ValueError, match=message):
        Sequential(make(Dense(3)), (1, 1, 4))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Dense(2, "softmax"), "leave it off, the loss softmax_cross_entropy includes"),
        (lambda: Dense(2, "sigmoid"), "leave it off, the loss binary_cross_entropy includes"),
        (lambda: Dense(2, None), "not None: leave it off"),
        (lambda: Dense(2.0), "1 to 65535 outputs, not 2.0"),
        (lambda: Dense("2"), "1 to 65535 outputs, not '2'"),
        (lambda: Dense(True), "1 to 65535 outputs, not True"),
        (lambda: Dense(2, name="a_name_of_20_bytes__"), "1 to 16 bytes.*has 20"),
        (lambda: Dense(2, name="ääääääääa"), "has 17"),
        (lambda: Dense(2, name="\udcff"), "UTF-8"),
        (lambda: Dense(2, name=3), "must be a text, not 3"),
        (lambda: Dense(2, source=1), "source must be a text, not 1"),
        (lambda: Add(1), "must be a text, not 1"),
        (lambda: Conv2D(2, "3"), r"a number or \(height, width\), 1 to 255, not '3'"),
        (lambda: Conv2D(2, None), "1 to 255, not None"),
        (lambda: Conv2D(2, (3, 3, 3)), "1 to 255, not"),
        (lambda: Conv2D(2, 2.5), "1 to 255, not 2.5"),
        (lambda: Conv1D(2, (3, 1)), "kernel, in time steps, must be a whole number, 1 to 255"),
        (lambda: Conv1D(2, 3, padding="causal"), r"\(before, after\).*causal padding is"),
        (lambda: Conv1D(2, 3, padding=(1, 2, 3)), r"\(before, after\)"),
        (lambda: BatchNormalization(momentum="0.9"), "momentum must be a finite number"),
        (lambda: Sequential([Dense(2)], 8), r"input_shape is \(height, width, channels\)"),
        (lambda: Sequential([Dense(2)], (8, 8.0, 1)), "input_shape is"),
        (lambda: Sequential([Dense(2)], None), "input_shape is"),
        (lambda: Sequential([Dense(2)], (1, 1, 2), loss="mse"), "loss is one of softmax_cross"),
        (lambda: Sequential([Dense(2)], (1, 1, 2), loss=["mse"]), "loss is one of"),
        (lambda: Sequential([Dense(2)], (1, 1, 2), seed=1.5), "seed must be a whole number"),
        (lambda: Sequential([Dense(2)], (1, 1, 2), seed=-1), "seed must be a whole number"),
        (lambda: Sequential([Dense(2)], (1, 1, 2), name="n" * 17), "1 to 16 bytes"),
    ],
)
def test_arguments_of_the_wrong_type_are_explained(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def images(count=5):
    return np.random.default_rng(0).random((count, 12, 10, 3)).astype(np.float32)


def test_axes_in_another_order_are_refused():
    """Only the number of elements was compared: channels first were taken in their order."""
    net, x = Sequential([Conv2D(4, 3), Dense(2)], (12, 10, 3)), images()
    y = np.arange(5) % 2
    for wrong, message in (
        (
            x.transpose(0, 3, 1, 2),
            r"\(samples, 12, 10, 3\).*channels come last, x.transpose\(0, 2",
        ),
        (x.transpose(0, 2, 1, 3), "other axes"),
        (x.reshape(5, 6, 20, 3), "other axes"),
        (x.reshape(5, 120, 3), "other axes"),
        (x[..., 0], "360 elements, not 120"),
        (x[0, 0, 0], "3"),
    ):
        for use in (net.forward, net.predict, net.tensors, lambda x: net.evaluate(x, y)):
            with pytest.raises(ValueError, match=message):
                use(wrong)
        with pytest.raises(ValueError, match=message):
            net.fit(wrong, y)
    assert (net.forward(x.reshape(5, -1)) == net.forward(x)).all()
    grey = Sequential([Dense(2)], (12, 10, 1))
    assert (grey.forward(x[..., 0]) == grey.forward(x[..., :1])).all()


def test_targets_in_another_order_are_refused():
    net = Sequential([Conv2D(3, 1)], (4, 5, 3), loss="mean_squared_error")
    x = np.random.default_rng(0).random((6, 4, 5, 3)).astype(np.float32)
    for y in (x, x.reshape(6, -1), None):
        assert net.losses(x, y).shape == (6,)
    for wrong in (x.transpose(0, 3, 1, 2), x.reshape(6, 5, 4, 3), x.reshape(3, 120), x[..., 0]):
        with pytest.raises(ValueError, match=r"targets are \[6\]\[60\]"):
            net.losses(x, wrong)


def test_a_sensors_gap_is_found_before_it_trains():
    """One NaN among the samples had set all weights to NaN, and evaluate gave a number."""
    net, x, y = trained()
    before = net.forward(x)
    for gap in (np.nan, np.inf, -np.inf, 1e300):
        broken = x.astype(np.float64)
        broken[7, 0, 0, 2] = gap
        for use in (
            lambda: net.fit(broken, y),  # noqa: B023
            lambda: net.evaluate(broken, y),  # noqa: B023
            lambda: net.predict(broken),  # noqa: B023
            lambda: net.losses(broken, y),  # noqa: B023
            lambda: net.forward(broken),  # noqa: B023
        ):
            with pytest.raises(
                ValueError, match=r"sample 7: element 2 at \(0, 0, 2\) is not a fin"
            ):
                use()
    assert (net.forward(x) == before).all()


@pytest.mark.parametrize("wrong", [None, "text", [["a"] * 4], np.ones((2, 4), complex), [{}]])
def test_samples_that_are_no_numbers_are_refused(wrong):
    with pytest.raises(ValueError):
        trained()[0].forward(wrong)


def test_training_that_runs_away_says_so():
    """fit had gone on with a loss of nan, over weights of nan."""
    net, x, y = trained()
    with pytest.raises(DivergenceError, match=r"epoch 1 at lr .*lower lr"):
        list(net.fit(x * 1e10, y, lr=1e30))


def test_a_fit_that_is_never_asked_for_an_epoch_is_told():
    """fit(...) without a loop had done nothing, without a word."""
    net, x, y = trained()
    with pytest.warns(UserWarning, match="nothing was trained.*for epoch in net.fit"):
        net.fit(x, y)
        gc.collect()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in net.fit(x, y, epochs=3):
            break
        gc.collect()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": 0}, "epochs must be a whole number, at least 1, not 0"),
        ({"epochs": -1}, "epochs must be"),
        ({"epochs": 2.5}, "epochs must be"),
        ({"epochs": "3"}, "epochs must be"),
        ({"batch": 2.0}, "batch, at least 1 sample, must be a whole number"),
        ({"lr": "0.1"}, "lr must be"),
        ({"lr": None}, "lr must be"),
        ({"lr": [0.1]}, "lr must be"),
        ({"lr": 1e39}, "lr must be"),
        ({"seed": "1"}, "seed must be"),
        ({"weight_decay": "much"}, "weight_decay must be"),
        ({"weight_decay": np.nan}, "weight_decay must be"),
        ({"schedule": None}, "schedule is one of"),
        ({"train": 5}, "train is 'all', 'none', 'last:2', or names of layers, not 5"),
        ({"train": [5]}, "no layer 5 with weights"),
    ],
)
def test_a_fits_arguments_are_checked_at_the_call(options, message):
    net, x, y = trained()
    with pytest.raises(ValueError, match=message):
        net.fit(x, y, **options)


def test_a_load_that_fails_changes_nothing(tmp_path):
    """Layers before the wrong array had changed; files of other kinds gave TypeError, EOFError."""
    net, x, _ = trained(2)
    trained(1)[0].save(tmp_path / "good.npz")
    good = dict(np.load(tmp_path / "good.npz"))
    last = "dense_2.weights"
    whole = (tmp_path / "good.npz").read_bytes()
    for name, change in {
        "text.npz": {last: np.full((2, 8), "n/a")},
        "nan.npz": {last: np.full((2, 8), np.nan)},
        "huge.npz": {last: np.full((2, 8), 1e300)},
        "complex.npz": {last: np.ones((2, 8), complex)},
        "object.npz": {last: np.full((2, 8), None)},
        "more.npz": {"more": np.ones(3)},
    }.items():
        np.savez(tmp_path / name, **{**good, **change})
    np.save(tmp_path / "one.npy", np.zeros(3))
    for name, data in {
        "empty.npz": b"",
        "cut.npz": whole[: len(whole) // 2],
        "flipped.npz": whole[:200] + bytes([whole[200] ^ 0xFF]) + whole[201:],
        "other.npz": b"PK\3\4 but no archive",
        "text.txt": b"weights: 1 2 3\n",
        "pickle.npz": b"\x80\x04N.",
    }.items():
        (tmp_path / name).write_bytes(data)
    before = net.forward(x)
    for path in tmp_path.iterdir():
        if path.name == "good.npz":
            continue
        with pytest.raises(ValueError, match=path.name):
            net.load(path)
        assert (net.forward(x) == before).all(), path.name
    with pytest.raises(OSError):
        net.load(tmp_path / "none.npz")
    net.load(tmp_path / "good.npz")
    assert (net.forward(x) != before).any()


def test_a_negative_variance_is_no_statistic(tmp_path):
    net = Sequential([Dense(2), BatchNormalization()], (1, 1, 3))
    net.layers[1].running_variance[:] = -1
    net.save(tmp_path / "net.npz")
    with pytest.raises(ValueError, match="variance below 0"):
        net.load(tmp_path / "net.npz")


def test_a_save_that_fails_keeps_the_file_that_was_there(tmp_path, monkeypatch):
    net, _, _ = trained()
    net.save(tmp_path / "net.npz")
    kept = (tmp_path / "net.npz").read_bytes()

    def full(file, **arrays):
        file.write(b"half")
        raise OSError("no space left")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="no space"):
        net.save(tmp_path / "net.npz")
    assert [path.name for path in tmp_path.iterdir()] == ["net.npz"]
    assert (tmp_path / "net.npz").read_bytes() == kept
