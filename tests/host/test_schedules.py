"""Learning rate schedules: their ends, their shape, their bits."""

import numpy as np
import pytest

from fqt.reference.fixed import decayed
from fqt.train.schedules import learning_rate


@pytest.mark.parametrize("epochs", [1, 2, 3, 10, 77, 400])
@pytest.mark.parametrize("lr", [0.01, 1.0, 3e-5])
def test_cosine_is_near_the_true_one_and_falls(epochs, lr):
    rates = [learning_rate("cosine", lr, epoch, epochs) for epoch in range(epochs + 1)]
    true = lr * (1 + np.cos(np.pi * np.arange(epochs + 1) / epochs)) / 2
    assert np.abs(np.array(rates) - true).max() < 0.002 * lr
    assert (np.diff(rates) < 0).all()
    assert rates[0] == np.float32(lr)
    assert rates[-1] == 0
    assert all(rate == np.float32(rate) for rate in rates)


def test_linear_and_constant():
    for epoch in range(5):
        assert learning_rate("linear", 0.1, epoch, 5) == decayed(0.1, epoch, 5)
        assert learning_rate("constant", 0.1, epoch, 5) == float(np.float32(0.1))


def test_what_is_wrong_is_said():
    with pytest.raises(
        ValueError, match="schedule is one of constant, linear, cosine, not 'step'"
    ):
        learning_rate("step", 0.1, 0, 1)
    with pytest.raises(ValueError, match="lr must be"):
        learning_rate("cosine", float("nan"), 0, 1)
