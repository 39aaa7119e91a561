"""Networks whose samples and targets have units: trained, quantized and saved in them."""

import numpy as np
import pytest

from fqt import (
    BatchNormalization,
    Conv2D,
    Dense,
    ModelFile,
    QuantizationWarning,
    Sequential,
    core,
    quantize,
    quantize_input,
)
from fqt.reference import Network
from fqt.reference.fixed import order_of
from fqt.run.info import describe, table

FEATURES = 4
# hPa, degrees, a share, a price
SENSORS = np.array([[1013, 10], [21, 6], [0.02, 0.005], [350000, 120000]])
TARGET_UNITS = {
    "standardized": (0, 1),
    "a tenth": (0, 0.1),
    "plus 20": (20, 1),
    "times 1000": (0, 1000),
    "hPa": (1013.25, 10),
    "prices": (350000, 120000),
    "strains": (1e-5, 3e-6),
}


def made_data(samples=300, seed=1):
    """Sensors in their units [samples][1][1][4], and what depends on them, of deviation 1."""
    rng = np.random.default_rng(seed)
    z = rng.normal(0, 1, (samples, FEATURES))
    y = np.tanh(z[:, 0]) + 0.5 * z[:, 1] * z[:, 2] + 0.3 * z[:, 3] + rng.normal(0, 0.3, samples)
    x = z * SENSORS[:, 1] + SENSORS[:, 0]
    y = (y - y.mean()) / y.std()
    return x.reshape(samples, 1, 1, FEATURES).astype(np.float32), y


def made_net(outputs=1, seed=1):
    layers = [Dense(16, "relu"), Dense(outputs)]
    return Sequential(layers, (1, 1, FEATURES), seed, loss="mean_squared_error")


def trained_int8(x, y, epochs=8):
    """A model of the core after a run on the targets."""
    net = made_net()
    net.standardize_data(x, y)
    model = core.Model(quantize(net, x, input_type="int8"), 16)
    samples = model.quantize_inputs(x)
    for epoch in range(epochs):
        model.train_many(samples, y, order_of(len(x), epoch), 0.01 * (1 - epoch / epochs))
    return model


def trained_float(x, y, epochs=8):
    net = made_net()
    net.standardize_data(x, y)
    for _ in net.fit(x, y, epochs, 0.01):
        pass
    return net


def determination(outputs, y):
    return 1 - np.square(outputs.ravel() - y).sum() / np.square(y - y.mean()).sum()


def parameters(model):
    layers = model.to_model_file().layers
    blobs = ("weights", "low_bytes", "weight_scales", "biases")
    return [getattr(layer, blob).tolist() for layer in layers for blob in blobs]


def test_targets_in_any_unit_are_learned_alike():
    """The same call at the same rate, in int8 and in float32."""
    x, y = made_data()
    want_float = want_int8 = None
    for name, (offset, scale) in TARGET_UNITS.items():
        targets = (y * scale + offset).astype(np.float32)
        of_float = determination(trained_float(x, targets).forward(x), targets)
        of_int8 = determination(trained_int8(x, targets).outputs(x), targets)
        want_float, want_int8 = want_float or of_float, want_int8 or of_int8
        assert of_float == pytest.approx(want_float, abs=0.002), name
        assert of_int8 == pytest.approx(want_int8, abs=0.01), name
        assert of_int8 > of_float - 0.01, name
    assert want_int8 > 0.6


@pytest.mark.parametrize("factor", [2.0**-30, 0.25, 2.0**20])
def test_a_unit_that_is_a_power_of_two_changes_no_bit(factor):
    x, y = made_data()
    y = y.astype(np.float32)
    plain = trained_int8(x, y, 2)
    scaled = trained_int8(x * np.float32(factor), y * np.float32(factor), 2)
    assert parameters(scaled) == parameters(plain)
    assert (scaled.outputs(x * np.float32(factor)) == plain.outputs(x) * factor).all()
    of_float = trained_float(x * np.float32(factor), y * np.float32(factor), 2)
    want = trained_float(x, y, 2).forward(x) * factor
    assert (of_float.forward(x * np.float32(factor)) == want).all()


def test_a_network_takes_and_returns_the_units():
    x, y = made_data()
    targets = np.stack([y * 10 + 1013.25, y * -3e-6 + 1e-5], axis=1).astype(np.float32)
    net = made_net(2)
    net.standardize_data(x, targets)
    assert net.input_map == pytest.approx(SENSORS, rel=0.2)
    assert net.output_map[:, 1] == pytest.approx([10, 3e-6], rel=1e-5)
    standard = made_net(2)
    z = ((x - net.input_map[:, 0]) / net.input_map[:, 1]).astype(np.float32)
    of_targets = ((targets - net.output_map[:, 0]) / net.output_map[:, 1]).astype(np.float32)
    epochs = zip(net.fit(x, targets, 2), standard.fit(z, of_targets, 2), strict=True)
    for in_units, epoch in epochs:
        assert in_units.loss == pytest.approx(epoch.loss, rel=1e-4)
    want = standard.forward(z) * net.output_map[:, 1] + net.output_map[:, 0]
    assert net.forward(x) == pytest.approx(want, rel=1e-4)
    losses = standard.losses(z, of_targets)
    assert net.losses(x, targets) == pytest.approx(losses, rel=1e-3, abs=1e-5)
    assert (net.predict(x) == standard.predict(z)).mean() > 0.99


@pytest.mark.parametrize("input_type", ["int8", "uint8"])
def test_the_model_file_has_the_units(input_type):
    x, y = made_data()
    if input_type == "uint8":
        pixels = np.round((x - SENSORS[:, 0]) / SENSORS[:, 1] * 40 + 128)
        x = np.clip(pixels, 0, 255).astype(np.uint8)
    targets = (y * 10 + 1013.25).astype(np.float32)
    net = made_net()
    net.standardize_data(x, targets)
    for _ in net.fit(x, targets, 3):
        pass
    model = quantize(net, x, input_type=input_type)
    assert (ModelFile.from_bytes(model.to_bytes()).input_map == net.input_map).all()
    want = net.forward(x).ravel()
    for given in (x, x.astype(np.float32), quantize_input(model, x)):
        assert core.Model(model).outputs(given).ravel() == pytest.approx(want, abs=1.5)
    assert quantize_input(model, x).dtype == input_type
    reference, fast = Network(model), core.Model(model)
    for sample in x[:5]:
        assert reference.scores(sample) == fast.scores(sample)
    lines = table(model)
    assert f"outputs in units of the user's: 1013 +- {targets.std():.4g}" in lines
    assert "input in units of the user's: " in lines
    assert describe(model)["output_map"] == [pytest.approx([1013.25, 10], rel=1e-3)]


def test_values_that_are_already_quantized_are_about_the_devices():
    x, y = made_data()
    net = made_net()
    net.standardize_data(x, y)
    model = quantize(net, x, input_type="int8")
    on_device = core.Model(model).quantize_inputs(x).astype(int)
    assert np.abs(on_device - quantize_input(model, x).reshape(on_device.shape)).max() <= 1
    with pytest.raises(ValueError, match="3 numbers are not of 4 channels"):
        quantize_input(model, [1, 2, 3])


def test_images_have_units_by_channel():
    rng = np.random.default_rng(1)
    x = (rng.random((20, 6, 6, 2)) * [255, 100]).astype(np.uint8)
    net = Sequential([Conv2D(4, 3), BatchNormalization("relu"), Dense(3)], (6, 6, 2))
    net.standardize_data(x)
    assert net.input_map.shape == (2, 2)
    assert net.input_map[1, 1] == pytest.approx(29, rel=0.1)
    for _ in net.fit(x, np.arange(20) % 3, 2):
        pass
    model = quantize(net, x)  # folds the normalization
    got = core.Model(model).outputs(x)
    assert np.abs(got - net.forward(x)).max() < 0.1 * np.abs(net.forward(x)).max() + 0.1
    assert (core.Model(model).outputs(x.astype(np.int16)) == got).all()


def test_an_autoencoder_learns_samples_without_their_units():
    x, _ = made_data()
    net = made_net(FEATURES)
    net.standardize_data(x)
    for epoch in net.fit(x, None, 3, 0.02):
        loss = epoch.loss
    assert loss < 1.0
    model = core.Model(quantize(net, x, input_type="int8"))
    assert model.losses(x).mean() == pytest.approx(net.losses(x).mean(), abs=0.05)
    before = model.losses(x).mean()
    model.train_many(x, None, np.arange(len(x)), 0.01)
    assert model.losses(x).mean() < before


def test_units_are_saved_and_loaded(tmp_path):
    x, y = made_data()
    net = made_net()
    net.standardize_data(x, y * 1000)
    net.save(tmp_path / "units.npz")
    other = made_net(seed=2)
    other.load(tmp_path / "units.npz")
    assert (other.forward(x) == net.forward(x)).all()
    assert (other.copy().input_map == net.input_map).all()
    plain = made_net()
    plain.save(tmp_path / "plain.npz")
    other.load(tmp_path / "plain.npz")
    assert other.input_map is None and other.output_map is None
    arrays = dict(np.load(tmp_path / "units.npz"))
    for wrong in (np.zeros((1, 2)), np.zeros((2, 2)), np.array([[0, np.nan]])):
        np.savez(tmp_path / "wrong.npz", **{**arrays, "output_map": wrong})
        with pytest.raises(ValueError, match=r"wrong\.npz"):
            net.load(tmp_path / "wrong.npz")
    assert net.output_map[0, 1] == pytest.approx(1000, rel=1e-3)


def test_constant_channels_and_targets_have_deviation_1():
    x, _ = made_data()
    x[..., 1] = np.float32(0.1)
    net = made_net()
    net.standardize_data(x, np.full(len(x), 7.0))
    assert net.input_map[1].tolist() == [np.float32(0.1), 1]
    assert net.output_map.tolist() == [[7, 1]]


def test_what_has_no_units_is_refused():
    x, y = made_data(20)
    net = made_net()
    net.standardize_data(x, y)
    kept = net.input_map.copy(), net.output_map.copy()
    classes = Sequential([Dense(2)], (1, 1, FEATURES))
    for call, said in (
        (lambda: net.standardize_data(x, y[:3]), "targets are"),
        (lambda: net.standardize_data(x[..., :3], y), "samples are"),
        (lambda: net.standardize_data(x * np.nan, y), "not a finite number"),
        (lambda: net.standardize_data(x * np.float32(1e-25), y), "a scale 5.4e-20 to"),
        (lambda: setattr(net, "input_map", [[0, 1]]), r"\[4\]\[2\]"),
        (lambda: setattr(net, "output_map", [[0, 0]]), "row 0: an offset is a finite"),
        (lambda: setattr(net, "output_map", [[np.inf, 1]]), "row 0: an offset is a finite"),
        (lambda: setattr(classes, "output_map", [[0, 1]] * 2), "have no units"),
        (lambda: classes.standardize_data(x, y), "have no units"),
        (lambda: next(net.fit(x, None)), "targets are needed: the outputs have units"),
        (lambda: quantize(net, x, input_scale=1.0), "input_scale goes with networks without"),
        (lambda: quantize(net, x), "input_type='int8' lets a device take these"),
        (lambda: quantize(net, x, input_type="int16"), "input_type is"),
    ):
        with pytest.raises(ValueError, match=said):
            call()
    assert (net.input_map == kept[0]).all() and (net.output_map == kept[1]).all()
    bits = (x > SENSORS[:, 0]).astype(np.float32)
    net.standardize_data(bits, y)
    with pytest.warns(QuantizationWarning, match="a byte that a device reads counts as"):
        quantize(net, bits)
    net.output_map = net.input_map = None
    assert net.tensors(x)[0] is not None and net.output_map is None
