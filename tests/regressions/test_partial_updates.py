"""Partial updates must not destroy what trains well with all channels.

Found: of the last layer only the rows with the greatest errors were updated, mostly the label's,
so that its output was pushed up and no other down: training ran away within 15 epochs. And one bad
target set the greatest loss for ever, so that every later step trained the least share.
"""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from fqt import Conv2D, Dense, Flatten, MaxPool2D, Sequential, quantize
from fqt.options import Options
from fqt.run import core

TRAINED = 600
EPOCHS = 15


@pytest.fixture(scope="module")
def digits():
    data = load_digits()
    x = (data.images * 255 / 16).astype(np.uint8)[..., None]
    net = Sequential(
        [
            Conv2D(4, 3, padding="same", activation="relu"),
            MaxPool2D(2),
            Flatten(),
            Dense(16, activation="relu"),
            Dense(10),
        ],
        (8, 8, 1),
        seed=1,
    )
    model = quantize(net, x[:100] / np.float32(255)).to_bytes()
    return x, data.target, model


def accuracy(digits, options: Options) -> float:
    x, labels, data = digits
    model = core.Model(data, options=options)
    rng = np.random.default_rng(1)
    for _ in range(EPOCHS):
        model.train_many(x[:TRAINED], labels[:TRAINED], rng.permutation(TRAINED), 0.01)
    return 100 * model.evaluate(x[TRAINED:], labels[TRAINED:])


@pytest.mark.parametrize("draws", [False, True])
@pytest.mark.parametrize("update_rate", [(0.1, 1.0), (0.25, 1.0)])
def test_partial_updates_learn_from_random_weights(digits, update_rate, draws):
    all_channels = accuracy(digits, Options())
    assert accuracy(digits, Options(update_rate, sample_updates=draws)) > all_channels - 3


GREATEST_TARGET = 16383


@pytest.fixture(scope="module")
def regression():
    rng = np.random.default_rng(1)
    x = rng.random((300, 1, 1, 8)).astype(np.float32)
    targets = (x.reshape(-1, 8) @ rng.normal(size=(8, 2))).astype(np.float32)
    layers = [Dense(32, activation="relu"), Dense(16, activation="relu"), Dense(2)]
    net = Sequential(layers, (1, 1, 8), 1, loss="mean_squared_error")
    return x, targets, quantize(net, x[:100]).to_bytes()


def loss_after(regression, disturb) -> float:
    """The last of 6 epochs' losses, after 50 steps and `disturb(model, x)`; it may return another
    model to go on with."""
    x, targets, data = regression
    options = Options((0.1, 1.0), sample_updates=True)
    model = core.Model(data, 16, options=options)
    model.train_many(x, targets, np.arange(50), 0.01)
    model = disturb(model, x) or model
    for epoch in range(6):
        order = np.random.default_rng(epoch).permutation(len(x))
        losses = model.train_many(x, targets, order, 0.01)
    return float(losses.mean())


def glitch(model: core.Model, x: np.ndarray, steps: int, lr: float) -> None:
    far = np.full((1, 2), GREATEST_TARGET, np.float32)
    model.train_many(x[:1], far, np.zeros(steps, int), lr)


def test_bad_targets_do_not_hold_training_down(regression):
    undisturbed = loss_after(regression, lambda model, x: None)

    def at_rate_0(model, x):
        glitch(model, x, 1, 0.0)

    def small_steps(model, x):
        glitch(model, x, 5, 1e-9)

    def saved_and_loaded(model, x):
        glitch(model, x, 1, 1e-9)
        return core.Model(model.to_bytes(), 16, options=model.options)

    for disturb in (at_rate_0, small_steps, saved_and_loaded):
        assert loss_after(regression, disturb) < 1.2 * undisturbed + 1e-3


def test_the_greatest_loss_follows_training_steps_alone(regression):
    x, _, data = regression
    model = core.Model(data)
    glitch(model, x, 1, 0.0)
    assert model.to_model_file().greatest_loss == 0
    glitch(model, x, 3, 1e-9)
    assert model.to_model_file().greatest_loss == 3
    model.reset(1)
    assert model.to_model_file().greatest_loss == 0
