"""The losses in float32: known values, extremes, and the integer reference."""

import numpy as np
import pytest

from fqt.file.layout import LOSSES as FILE_LOSSES
from fqt.reference import loss as reference
from fqt.train.losses import (
    LOSSES,
    binary_cross_entropy,
    mean_squared_error,
    pixelwise_cross_entropy,
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


def test_pixels_count_alike_and_those_that_are_ignored_do_not():
    outputs = np.random.default_rng(1).normal(size=(2, 8))
    labels = np.array([[0, 1, 255, 1], [255, 255, 255, 255]])
    losses, derivatives = pixelwise_cross_entropy(outputs, labels)
    rows = outputs[:1].reshape(4, 1, 2)
    alone = [softmax_cross_entropy(rows[p], labels[:1, p]) for p in (0, 1, 3)]
    assert losses == pytest.approx([np.mean([loss for loss, _ in alone]), 0])
    of_alone = np.concatenate([derivative[0] for _, derivative in alone]) / 3
    assert derivatives[0, [0, 1, 2, 3, 6, 7]] == pytest.approx(of_alone)
    assert not derivatives[0, 4:6].any() and not derivatives[1].any()


def test_great_outputs_overflow_nothing():
    outputs = np.array([[1000.0, -1000.0]], np.float32)
    with np.errstate(all="raise", under="ignore"):
        assert softmax_cross_entropy(outputs, np.array([1]))[0] == pytest.approx([2000])
        assert binary_cross_entropy(outputs, outputs < 0)[0] == pytest.approx([1000])


def test_the_reference_says_the_same():
    rng = np.random.default_rng(1)
    outputs = rng.normal(0, 3, (20, 6))
    labels, targets = rng.integers(0, 6, 20), rng.uniform(0, 1, (20, 6))
    of_pixels = rng.choice([0, 1, 255], (20, 3))
    of_pixels[0] = 255
    for name, wanted in (
        ("softmax_cross_entropy", labels),
        ("mean_squared_error", targets),
        ("binary_cross_entropy", targets),
        ("pixelwise_cross_entropy", of_pixels),
    ):
        losses, derivatives = LOSSES[name](outputs, wanted)
        for i, output in enumerate(outputs):
            target = wanted[i]
            if wanted is targets:
                target = np.round(target * 65536).astype(np.int64)
            fixed = np.round(output * 65536).astype(np.int64)
            loss, integers, unit = getattr(reference, name)(fixed, target)
            assert loss / 65536 == pytest.approx(losses[i], abs=1e-3)
            assert integers * unit.pack() == pytest.approx(derivatives[i], abs=1e-4)
