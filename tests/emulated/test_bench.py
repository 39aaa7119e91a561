"""Counting: the same numbers from run to run, and parts that add up to the whole."""

import pytest

from fqt.device.bench import CORES, measure, phases, table

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


def test_what_is_frozen_is_not_updated(frozen_model):
    rows = measure(frozen_model, "m0p")
    assert [row.phase for row in rows] == ["predict", "forward conv2d_1", "forward dense_2"]
    assert all(row.cycles > row.insns for row in rows)
    assert CORES["m0p"].architecture == rows[0].arch == "armv6m"
