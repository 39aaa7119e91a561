"""Counting: the same numbers from run to run, and parts that add up to the whole."""

import numpy as np
import pytest

from fqt.device.bench import CORES, WARM_UP_STEPS, RealSamples, measure, phases, table
from fqt.layers import Add, Conv2D, Dense, MaxPool2D
from fqt.train.quantize import quantize
from fqt.train.reference_networks import images
from fqt.train.sequential import Sequential

pytestmark = pytest.mark.slow


def test_counts_repeat_exactly_and_parts_add_up(small_model):
    rows = measure(small_model, "m4")
    assert rows == measure(small_model, "m4")
    parts = phases(small_model)
    parts.remove(f"error {small_model.layers[0].name}")  # nothing trains before it
    assert [row.phase for row in rows] == parts
    counts = {row.phase: row.insns for row in rows}
    parts = sum(count for phase, count in counts.items() if phase not in ("predict", "step"))
    assert 0.9 < parts / counts["step"] < 1.2
    assert all(count > 0 for count in counts.values())
    assert "update conv2d_1" in table(rows)


@pytest.mark.parametrize("core", ["m4", "esp32s3"])
def test_parts_add_up_where_layers_have_no_weights(core):
    """Each part runs on the pass of its own layer: that of an Add or a pooling too."""
    layers = [
        Conv2D(8, 3, padding="same", activation="relu", name="a"),
        Conv2D(8, 3, padding="same"),
        Add("a", "relu"),
        MaxPool2D(2),
        Conv2D(16, 3, stride=2, activation="relu"),
        Dense(10),
    ]
    net = Sequential(layers, (12, 12, 1), seed=1)
    model = quantize(net, images(net.input_shape, 16) / 255, train="all")
    counts = {row.phase: row.insns for row in measure(model, core)}
    step = counts.pop("step")
    del counts["predict"]
    assert {"error add_3", "error max_pool2d_4"} <= counts.keys()
    assert 0.95 < sum(counts.values()) / step < 1.05


def test_a_bus_that_code_and_data_share_costs_cycles_where_a_core_has_one(small_model):
    rows = {row.phase: row for row in measure(small_model, "m4", has_parts=False)}
    assert list(rows) == ["predict", "step"]
    for row in rows.values():
        least, most = row.bus_cycles
        assert row.cycles < least < most < 1.6 * row.cycles
    assert "share the bus of one RAM: predict " in table(list(rows.values()))
    assert all(row.bus_cycles is None for row in measure(small_model, "m7", has_parts=False))


def test_what_is_frozen_is_not_updated(frozen_model):
    rows = measure(frozen_model, "m0p")
    assert [row.phase for row in rows] == ["predict", "forward conv2d_1", "forward dense_2"]
    assert all(row.cycles > row.insns for row in rows)
    assert CORES["m0p"].architecture == rows[0].arch == "armv6m"


def test_of_real_samples_the_first_warm_up_and_labels_are_theirs(small_model):
    x = images(small_model.input_shape, WARM_UP_STEPS + 2)
    labels = np.arange(len(x)) % small_model.classes

    def step(samples):
        return measure(small_model, "m4", samples=samples, has_parts=False)[1]

    both = step(RealSamples(x, labels))
    assert both.trained and "small, trained, on m4" in table([both]).replace(
        small_model.name, "small"
    )
    last = np.arange(len(x)) != WARM_UP_STEPS
    first = np.arange(len(x)) != WARM_UP_STEPS + 1
    assert step(RealSamples(x[first], labels[first])) != step(RealSamples(x[last], labels[last]))
    other = labels.copy()
    other[WARM_UP_STEPS] = (other[WARM_UP_STEPS] + 1) % small_model.classes
    assert step(RealSamples(x, other)).cycles != both.cycles
