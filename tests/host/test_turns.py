"""Layers whose share of the channels is less than a step can train take part in some steps."""

import numpy as np
import pytest

from fqt.options import Options
from fqt.reference.turns import ALL_STEPS, EVEN_TURNS, share_of_steps, turn_of
from fqt.run import core
from models import Layer, random_model, random_samples

TENTH = 6554


def test_a_layer_takes_part_as_often_as_its_share_of_eight_channels():
    assert share_of_steps([8], TENTH) == TENTH
    assert share_of_steps([3], TENTH) == TENTH  # trains whole, in a tenth of the steps
    assert share_of_steps([20], TENTH) == TENTH * 20 // 8
    assert share_of_steps([100], TENTH) == ALL_STEPS
    assert share_of_steps([1], ALL_STEPS) == ALL_STEPS
    assert share_of_steps([], 1) == ALL_STEPS  # the last layer


def test_a_layer_waits_for_those_behind_it():
    assert share_of_steps([64, 16, 100], TENTH) == TENTH * 2


def test_turns_lie_evenly():
    for first in (0, 17, 100_000):
        turns = sorted(turn_of(step) for step in range(first, first + EVEN_TURNS))
        gaps = np.diff([*turns, turns[0] + ALL_STEPS])
        assert gaps.min() > 0.6 * ALL_STEPS / EVEN_TURNS
        assert gaps.max() < 1.7 * ALL_STEPS / EVEN_TURNS


FIRST = Layer("conv2d", 4, (3, 3), (1, 1), activation="relu")
LAST = Layer("dense", 3)


def model_of(*layers: Layer):
    return random_model([*layers], (9, 9, 1), seed=3)


def weights_of(model: core.Model) -> list[np.ndarray]:
    """With all their 16 bits."""
    return [
        layer.weights * 256.0 + layer.low_bytes
        for layer in model.to_model_file().layers
        if layer.has_weights
    ]


@pytest.mark.parametrize("draws", [False, True])
def test_layers_move_in_their_turns(draws):
    base = model_of(FIRST, Layer("conv2d", 16, (3, 3), (2, 2)), LAST)
    model = core.Model(base, 16, options=Options(0.1, sample_updates=draws))
    samples = random_samples(base, 50)
    moved = np.zeros(3)
    for step in range(200):
        before = weights_of(model)
        model.train(samples[step % 50], step % 3, 0.05)
        moved += [(a != b).any() for a, b in zip(before, weights_of(model), strict=True)]
    assert moved[0] == pytest.approx(20, abs=3)
    assert moved[1] == pytest.approx(40, abs=4)
    assert moved[2] == 200


def test_what_waits_for_samples_with_a_low_loss_learns_more_of_them():
    """So that their mean counts as that of others: in a step with a tenth of the greatest loss,
    which a layer of four channels takes part in once in ten, it moves ten times as far."""
    base = model_of(FIRST, LAST)
    easy = random_samples(base, 1)[0]
    model = core.Model(base, 16, options=Options((0.1, 1.0)))
    label = model.predict(easy)
    for _ in range(20):
        model.train(easy, label, 0.01)
    kept = model.to_model_file()
    kept.greatest_loss = 10 * round(model.loss_for(easy, label) * 65536)
    while turn_of(kept.step_count) >= TENTH:
        kept.step_count += 1
    moves = []
    for rates in ((1.0, 1.0), (1e-4, 1.0)):
        net = core.Model(kept, 16, options=Options(rates))
        before = weights_of(net)[0]
        net.train(easy, label, 0.05)
        moves.append(weights_of(net)[0] - before)
    whole, rare = moves
    assert (rare * whole).sum() / (whole * whole).sum() == pytest.approx(10, rel=0.05)
