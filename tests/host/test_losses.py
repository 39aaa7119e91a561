"""The losses in float32: known values, extremes, and the integer reference."""

import numpy as np
import pytest

from fqt.file.layout import LOSSES as FILE_LOSSES
from fqt.reference import loss as reference
from fqt.train.losses import (
    LOSSES,
    binary_cross_entropy,
    mean_squared_error,
    softmax_cross_entropy,
)


def test_they_are_those_of_a_model_file():
    assert set(LOSSES) == set(FILE_LOSSES)


def test_values_that_are_known():
    losses, derivatives = mean_squared_error(np.array([[1.0, 3.0]]), np.array([[0.0, 1.0]]))
    assert losses == pytest.approx([2.5])
    assert derivatives[0] == pytest.approx([1, 2])
    losses, derivatives = binary_cross_entropy(np.zeros((1, 2)), np.array([[1.0, 0.0]]))
    assert losses == pytest.approx([np.log(2)])
    assert derivatives[0] == pytest.approx([-0.25, 0.25])
    losses, derivatives = softmax_cross_entropy(np.zeros((1, 4)), np.array([2]))
    assert losses == pytest.approx([np.log(4)])
    assert derivatives[0] == pytest.approx([0.25, 0.25, -0.75, 0.25])


def test_great_outputs_overflow_nothing():
    outputs = np.array([[1000.0, -1000.0]], np.float32)
    with np.errstate(all="raise", under="ignore"):
        assert softmax_cross_entropy(outputs, np.array([1]))[0] == pytest.approx([2000])
        assert binary_cross_entropy(outputs, outputs < 0)[0] == pytest.approx([1000])


def test_the_reference_says_the_same():
    rng = np.random.default_rng(1)
    outputs = rng.normal(0, 3, (20, 5))
    labels, targets = rng.integers(0, 5, 20), rng.uniform(0, 1, (20, 5))
    for name, wanted in (
        ("softmax_cross_entropy", labels),
        ("mean_squared_error", targets),
        ("binary_cross_entropy", targets),
    ):
        losses, derivatives = LOSSES[name](outputs, wanted)
        for i, output in enumerate(outputs):
            target = int(labels[i]) if wanted is labels else np.round(targets[i] * 65536)
            fixed = np.round(output * 65536).astype(np.int64)
            if wanted is not labels:
                target = target.astype(np.int64)
            loss, integers, unit = getattr(reference, name)(fixed, target)
            assert loss / 65536 == pytest.approx(losses[i], abs=1e-3)
            assert integers * unit.pack() == pytest.approx(derivatives[i], abs=1e-4)
