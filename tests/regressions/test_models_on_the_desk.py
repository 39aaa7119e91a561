"""Arguments that reached the C core, or the reference, unchecked: cut to 32 bits, read beyond
their end, taken in another order."""

import copy

import numpy as np
import pytest

from fqt import core
from fqt.model_file import ModelFileError
from fqt.options import Options
from fqt.reference import Network
from models import Layer, random_model

KINDS = pytest.mark.parametrize("kind", [core.Model, Network])


def samples(count=4):
    x = np.random.default_rng(0).integers(0, 256, (count, 6, 6, 1)).astype(np.uint8)
    return x, np.arange(count) % 3


def refused(net, tries):
    before = net.to_bytes()
    for call, message in tries:
        with pytest.raises(ValueError, match=message):
            call()
    assert net.to_bytes() == before


def test_an_order_is_checked_before_c_reads_it(small_model):
    net, (x, y) = core.Model(small_model), samples()
    refused(
        net,
        [
            (lambda order=order: net.train_many(x, y, order, 0.01), message)
            for order, message in (
                ([0.7], r"order is \[steps\] whole numbers, not float64"),
                ([-1], "order names sample -1, there are 4"),
                ([4], "order names sample 4"),
                ([2**32], "order names sample 4294967296"),
                ([2**70], "order is"),
                ([[0, 1]], r"not int64 of shape \(1, 2\)"),
                (0, "order is"),
                ([True], "not bool"),
                ("0", "order is"),
            )
        ],
    )
    assert net.train_many(x, y, [], 0.01).size == 0
    assert net.train_many(x, y, np.array([3, 0], np.uint8), 0.01).shape == (2,)


def test_learning_rates_are_one_or_as_many_as_steps(small_model):
    net, (x, y) = core.Model(small_model), samples()
    refused(
        net,
        [
            (lambda lr=lr: net.train_many(x, y, [0, 1, 2], lr), message)
            for lr, message in (
                ([0.1, 0.1], "one for each of 3 steps"),
                ([[0.1] * 3], "one for each of 3 steps"),
                ([0.1, np.nan, 0.1], "lr must be"),
                ("0.1", "lr must be"),
                (None, "lr must be"),
                (True, "lr must be"),
                (1e39, "lr must be"),
            )
        ],
    )
    net.train_many(x, y, [0, 1, 2], np.array([0.1, 0, 0.2], np.float32))


@KINDS
@pytest.mark.parametrize("batch", [0, -1, 1.0, 2**16, 2**32, 2**32 + 2, "2", None, True])
def test_a_batch_is_not_cut_to_32_bits(kind, batch, small_model):
    with pytest.raises(ValueError, match="batch is 1 to 65535 "):
        kind(small_model, 8, batch)


@KINDS
@pytest.mark.parametrize("master", [0, 10, 8.0, "8", None, True, 2**32 + 8])
def test_a_master_is_8_12_or_16(kind, master, small_model):
    with pytest.raises(ValueError, match="master is 8, 12 or 16"):
        kind(small_model, master)


@KINDS
@pytest.mark.parametrize("data", [5, None, "model.fqt", [1, 2]])
def test_a_model_comes_from_a_files_bytes(kind, data):
    with pytest.raises(ValueError, match=r"bytes of a model file, not .*ModelFile.read\(path\)"):
        kind(data)


def test_a_gradient_is_checked_before_c_reads_it(small_model):
    net, (x, _) = core.Model(small_model), samples()
    sample = net.quantize_input(x[0])
    with pytest.raises(ValueError, match="step_forward comes before"):
        net.step_backward(np.zeros(3), 0.01)
    net.step_forward(sample)
    refused(
        net,
        [
            (lambda gradient=gradient: net.step_backward(gradient, 0.01), message)
            for gradient, message in (
                (np.zeros(2), r"a gradient has 3 numbers, one an output, not \(2,\)"),
                (np.zeros(4), "a gradient has 3"),
                (np.zeros((3, 2)), "a gradient has 3"),
                (0.5, "a gradient has 3"),
                (np.full(3, np.nan), "finite numbers"),
                (np.full(3, np.inf), "finite numbers"),
                (np.full(3, 1e30), "finite numbers within"),
                (np.array(["a"] * 3), "must be real numbers"),
                (None, "must be real numbers"),
            )
        ],
    )
    net.step_backward([0.1, -0.1, 0], 0.01)
    for wrong in (sample[:5], sample.astype(np.int16), x[0], np.zeros((2, 6, 6, 1), np.int8)):
        with pytest.raises(ValueError):
            net.step_forward(wrong)


def test_half_a_step_needs_a_layer_that_trains(frozen_model):
    """The memory of errors is not there in a model that does not train."""
    net = core.Model(frozen_model)
    x = np.zeros((4, 4, 2), np.int8)
    for call in (lambda: net.step_forward(x), lambda: net.step_backward(np.zeros(2), 0.1)):
        with pytest.raises(ValueError, match="no layer trains"):
            call()


@KINDS
@pytest.mark.parametrize("layer", [-1, 0, 3, 0.5, "dense_9", True, 2**32])
def test_layers_are_named_or_numbered_from_1(kind, layer, small_model):
    """-1 had been the last layer in the reference."""
    net = kind(small_model)
    for use in (net.freeze, net.unfreeze, net.reset):
        with pytest.raises(ValueError, match=r"layers are conv2d_1, dense_2, or 1 to 2, not"):
            use(layer)


@KINDS
def test_only_what_trains_is_reset(kind, frozen_model):
    with pytest.raises(
        ValueError, match=r"layer 1 \(.*\) does not train: quantize\(\.\.\., train"
    ):
        kind(frozen_model).reset(1)


@KINDS
@pytest.mark.parametrize("label", [3, -1, 1.5, "1", None, True, 2**32])
def test_a_label_is_a_class(kind, label, small_model):
    net, (x, _) = kind(small_model), samples()
    for use in (net.train, net.loss_for):
        with pytest.raises(ValueError, match="label"):
            use(x[0], label)


def test_many_labels_are_classes(small_model):
    net, (x, y) = core.Model(small_model), samples()
    refused(
        net,
        [
            (lambda labels=labels: net.train_many(x, labels, [0], 0.1), "label")
            for labels in (y / 1, y > 0, y + 2**32, y - 1, None, y[:, None], ["a"] * 4)
        ],
    )


@KINDS
def test_a_sample_has_the_axes_of_the_input(kind):
    """Images of the same size were taken in the order of their bytes."""
    layers = [Layer("conv2d", 3, (2, 2)), Layer("dense", 2)]
    net = kind(random_model(layers, (5, 4, 3), seed=3))
    x = np.random.default_rng(0).integers(0, 256, (5, 4, 3)).astype(np.uint8)
    want = net.logits(x)
    for same in (x.ravel(), x[None], x.ravel()[None]):
        assert (net.logits(same) == want).all()
    for wrong in (x.transpose(2, 0, 1), x.transpose(1, 0, 2), x.reshape(5, 12)):
        for use in (net.logits, net.predict, lambda x: net.train(x, 0)):
            with pytest.raises(ValueError, match=r"here \(5, 4, 3\)"):
                use(wrong)
    if kind is Network:
        return
    many, labels = np.stack([x, x]), np.array([0, 1])
    for wrong in (many.transpose(0, 3, 1, 2), (many ^ 0x80).view(np.int8).transpose(0, 3, 1, 2)):
        for use in (
            net.predict_many,
            net.losses,
            net.features,
            net.outputs,
            lambda x: net.evaluate(x, labels),
            lambda x: net.train_many(x, labels, [0], 0.1),
        ):
            with pytest.raises(ValueError, match="channels come last"):
                use(wrong)


def test_a_gap_among_many_samples_is_named(small_model):
    net = core.Model(small_model)
    x = np.random.default_rng(0).random((9, 6, 6, 1))
    x[7, 1, 2, 0] = np.nan
    for use in (net.predict_many, net.outputs, net.features, net.quantize_inputs):
        with pytest.raises(
            ValueError, match=r"sample 7: element 8 at \(1, 2, 0\) is not a finite"
        ):
            use(x)


@KINDS
@pytest.mark.parametrize("wrong", [None, "text", 5, np.zeros(36, complex), [[1], [2, 3]], {}])
def test_samples_of_other_kinds_are_refused(kind, wrong, small_model):
    with pytest.raises(ValueError):
        kind(small_model).predict(wrong)


@KINDS
def test_targets_are_compared_axis_by_axis(kind):
    model = random_model(
        [Layer("conv2d", 3, (1, 1)), Layer("dense", 60)], (4, 5, 3), loss="mean_squared_error"
    )
    net, x = kind(model), np.zeros((4, 5, 3), np.uint8)
    y = np.random.default_rng(0).random((4, 5, 3))
    assert net.loss_for(x, y) == net.loss_for(x, y.ravel())
    for wrong, message in (
        (y.transpose(2, 0, 1), "targets are"),
        (y[0], "a target has 60|targets are"),
        (y * np.nan, "finite"),
        (y + 1e30, "-16383 to 16383"),
        (y * 0 + 20000, "-16383 to 16383"),
        (["a"] * 60, "real numbers"),
        (1.0, "a target has 60|targets are"),
    ):
        with pytest.raises(ValueError, match=message):
            net.loss_for(x, wrong)


def test_features_are_what_features_returned():
    layers = [Layer("conv2d", 4, (3, 3), trainable=False), Layer("dense", 3)]
    net = core.Model(random_model(layers, (6, 6, 1)))
    x, y = samples()
    features = net.features(x)
    refused(
        net,
        [
            (lambda f=f: net.train_many(f, y, [0], 0.1, from_features=True), "features are int8")
            for f in (x, features[:, :-1], features[0], features.view(np.uint8), features[None])
        ],
    )
    net.train_many(features, y, [0], 0.1, from_features=True)


def test_a_restore_of_other_bytes_changes_nothing(small_model, other_model):
    net, (x, y) = core.Model(small_model), samples()
    net.train_many(x, y, [0, 1], 0.1)
    good, before = core.Model(small_model).to_bytes(checkpoint=True), net.to_bytes()
    for data in (
        b"",
        b"FQT",
        bytes(64),
        good[:-1],
        good + b"\0",
        good[:80] + bytes([good[80] ^ 1]) + good[81:],
        core.Model(other_model).to_bytes(checkpoint=True),
    ):
        with pytest.raises(ModelFileError):
            net.restore(data)
        assert net.to_bytes() == before
    for data in (None, 64):
        with pytest.raises(ValueError, match="bytes of a model file"):
            net.restore(data)
    net.restore(good)
    assert net.to_bytes() != before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"update_rate": 0}, "update_rate is .least, greatest. or one number"),
        ({"update_rate": 1.5}, "update_rate is"),
        ({"update_rate": np.nan}, "update_rate is"),
        ({"update_rate": (0.5, 0.2)}, "the first no more than the second"),
        ({"update_rate": (0.1, 0.2, 0.3)}, "update_rate is"),
        ({"update_rate": ("a", "b")}, "update_rate is"),
        ({"update_rate": None}, "update_rate is"),
        ({"standardize": "no"}, "standardize must be True or False"),
        ({"sample_updates": 1}, "sample_updates must be True or False"),
        ({"weight_decay": "1"}, "weight_decay must be a finite number"),
        ({"weight_decay": -1}, "weight_decay must be"),
        ({"weight_decay": 1e39}, "weight_decay must be"),
    ],
)
def test_options_are_checked_when_they_are_made(options, message):
    with pytest.raises(ValueError, match=message):
        Options(**options)


def test_one_number_is_both_update_rates(small_model):
    """As on a device."""
    rates = [0.25, 0.5]
    assert Options(update_rate=0.5).update_rate == (0.5, 0.5)
    options = Options(update_rate=rates)
    rates[0] = 9
    assert options.update_rate == (0.25, 0.5)
    for kind in (core.Model, Network):
        with pytest.raises(ValueError, match="options are"):
            kind(small_model).options = (0.5, 0.5)
        with pytest.raises(ValueError, match="options are"):
            kind(small_model, 8, 1, 0.5)


@KINDS
def test_a_mistyped_attribute_is_no_setting(kind, small_model):
    """net.weight_decy = 0.1 had done nothing, without a word."""
    net = kind(small_model)
    with pytest.raises(AttributeError, match="a model has no 'weight_decy' to set"):
        net.weight_decy = 0.1
    net.weight_decay = 0.25
    assert net.options.weight_decay == 0.25


@KINDS
def test_a_model_leaves_the_file_that_it_was_made_of_alone(kind, small_model):
    """And what it returned does not change as it trains on."""
    before, (x, y) = small_model.to_bytes(), samples()
    net = kind(small_model, 16)
    returned = [(file, file.to_bytes()) for file in [net.to_model_file()]]
    for i in range(40):
        net.train(x[i % 4], y[i % 4], 0.5)
        if i % 10 == 0:
            returned.append((net.to_model_file(), net.to_bytes()))
    assert small_model.to_bytes() == before
    assert all(file.to_bytes() == data for file, data in returned)


def test_a_model_in_the_core_is_not_copied(small_model):
    """Two would free the same memory."""
    for duplicate in (copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match=r"core\.Model\(model\.to_bytes\(\)"):
            duplicate(core.Model(small_model))
