"""Weights of classes: in float32, in the core by the learning rate, and what is refused."""

import numpy as np
import pytest

from fqt import Dense, Sequential, core, quantize
from fqt.experiment.arithmetic import trainer
from fqt.experiment.sections import Run, Training
from fqt.reference.fixed import shuffle
from fqt.train.class_weights import sample_weights

WEIGHTS = (0.5, 3.0)


def network(seed=1):
    return Sequential([Dense(6, activation="relu"), Dense(2)], (1, 1, 3), seed)


def rare(count=200):
    """Two classes that overlap, one sample in ten of the second."""
    rng = np.random.default_rng(1)
    y = (np.arange(count) % 10 == 0).astype(int)
    x = np.clip(rng.normal(0.4 + 0.12 * y[:, None], 0.1, (count, 3)), 0, 1)
    return x.reshape(count, 1, 1, 3).astype(np.float32), y


def test_balanced_classes_count_alike_and_samples_one_on_average():
    labels = np.array([0, 0, 0, 2])
    found = sample_weights("balanced", "softmax_cross_entropy", labels, 3)
    assert found == pytest.approx([2 / 3, 2 / 3, 2 / 3, 2])
    assert sample_weights(WEIGHTS, "softmax_cross_entropy", np.array([1, 0]), 2).tolist() == [
        3.0,
        0.5,
    ]
    assert sample_weights(None, "mean_squared_error", labels, 3) is None


def test_a_weight_is_a_factor_of_the_learning_rate():
    x, y = rare(2)
    for i in range(2):
        weighted, faster = network(), network()
        list(weighted.fit(x[i : i + 1], y[i : i + 1], lr=0.01, class_weights=WEIGHTS))
        list(faster.fit(x[i : i + 1], y[i : i + 1], lr=0.01 * WEIGHTS[y[i]]))
        for one, other in zip(weighted.layers, faster.layers, strict=True):
            assert one.weights == pytest.approx(other.weights, abs=1e-7)


def test_samples_of_a_batch_are_weighted_one_by_one():
    x, y = rare(40)
    net = network()
    alone = []
    for i in range(len(x)):
        net.gradients(x[i : i + 1], y[i : i + 1])
        alone.append(WEIGHTS[y[i]] * net.layers[0].gradients["weights"])
    net.gradients(x, y, weights=np.array(WEIGHTS, np.float32)[y])
    assert net.layers[0].gradients["weights"] == pytest.approx(np.mean(alone, axis=0), abs=1e-6)


@pytest.mark.parametrize("arithmetic", ["float32", "int8", "mixed"])
def test_a_rare_class_is_found_in_every_arithmetic(arithmetic):
    x, y = rare()
    found = {}
    for weights in (None, "balanced"):
        made = trainer(network(), Run("a", arithmetic, master=16), x, 1, True)
        training = Training(20, 0.05, class_weights=weights)
        assert len(list(made.epochs(x, y, training, 1))) == 20
        found[weights] = (made.predict(x)[y == 1] == 1).mean()
    assert found["balanced"] > found[None] + 0.2


def test_the_core_takes_weights_as_learning_rates():
    """As a device does: net.train(x, label, lr * weight)."""
    x, y = rare(30)
    made = trainer(network(), Run("a", "int8"), x, 5, True)
    list(made.epochs(x, y, Training(1, 0.02, class_weights=WEIGHTS), 5))
    device = core.Model(quantize(network(), x, seed=5))
    order = np.arange(30)
    shuffle(order, 5)
    for i in order:
        device.train(x[i], int(y[i]), 0.02 * WEIGHTS[y[i]])
    assert device.to_bytes() == made.core.to_bytes()


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ("even", "class_weights are 'balanced' or 2 numbers, one a class, not 'even'"),
        ([1.0], "class_weights are 'balanced' or 2 numbers"),
        ([1.0, -1.0], "that of class 1 must be a finite number, 0 or more, not -1.0"),
        ([1.0, float("nan")], "that of class 1 must be a finite number"),
        (3, "class_weights are 'balanced' or 2 numbers"),
    ],
)
def test_other_weights_are_refused(weights, message):
    x, y = rare(4)
    with pytest.raises(ValueError, match=message):
        network().fit(x, y, class_weights=weights)


def test_weights_go_with_classes():
    net = Sequential([Dense(2)], (1, 1, 3), loss="mean_squared_error")
    with pytest.raises(ValueError, match="class_weights go with softmax_cross_entropy, not mean"):
        net.fit(rare(4)[0], np.zeros((4, 2)), class_weights="balanced")
