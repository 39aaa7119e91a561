"""Which structures take part in a step, in the reference; the core is compared with it in
test_same_bits."""

import numpy as np
import pytest

from fqt.reference.fixed import Random
from fqt.reference.select import follow_greatest_loss, select, update_rate

HALF = 32768


def errors_of(norms, positions=40):
    """int8 [1][positions][channels] whose channels have about these mean magnitudes."""
    rng = np.random.default_rng(1)
    values = rng.uniform(-2, 2, (1, positions, len(norms))) * np.array(norms)
    return np.round(values).astype(np.int8)


def draw(errors, rate, random):
    """All errors scaled, in the channels drawn, and these; of as many positions as rank."""
    drawn = errors.astype(np.int8)
    selection = select(drawn, rate, 0, random)
    selection.scale(drawn)
    return drawn, selection.channels


def test_the_greatest_norms_are_selected():
    errors = errors_of([3, 40, 0, 9, 40, 5, 7, 11, 13, 15, 17, 19])
    errors[..., 4] = errors[..., 1]
    errors[..., 5] = 0
    assert select(errors, 65536).channels.tolist() == list(range(12))
    assert select(errors, 65536 * 9 // 12).channels.tolist() == [1, 3, 4, 6, 7, 8, 9, 10, 11]
    assert select(errors, 65536 * 11 // 12).channels.tolist() == [0, 1, 3, 4, *range(6, 12)]
    assert select(np.zeros_like(errors), HALF).channels.tolist() == []


def test_at_least_eight_channels_take_part_the_first_of_equal_ones():
    errors = np.full((1, 40, 12), 3, np.int8)
    assert select(errors, 1).channels.tolist() == list(range(8))
    assert select(errors[..., :8], 1).channels.tolist() == list(range(8))
    assert select(np.zeros_like(errors[..., :8]), 1).channels.tolist() == list(range(8))


def test_every_eighth_position_ranks_another_one_in_each_step():
    errors = np.zeros((4, 10, 16), np.int8)
    errors[..., :8] = 1
    errors[2, 3, 9] = 9  # position 23
    for step in range(16):
        last = 9 if step % 8 == 7 else 7
        assert select(errors, HALF, step).channels.tolist() == [*range(7), last]
    few = errors[2:3, :7]  # fewer than eight positions: all rank
    for step in range(8):
        assert select(few, HALF, step).channels.tolist() == [*range(7), 9]


def test_sampled_errors_have_the_mean_of_all():
    """Where no channel is so rare that the limit of 2 cuts its errors; one takes part always."""
    errors = errors_of([20, 25, 30, 22, 28, 24, 23, 26, 27, 21, 29, 60], 320)
    random = Random(77)
    total = np.zeros(errors.shape)
    for _ in range(4000):
        drawn, selected = draw(errors, HALF * 4 // 3, random.draw())  # 8 of 12
        assert len(selected) in (7, 8) and 11 in selected
        assert (drawn[..., 11] == errors[..., 11]).all()
        total[..., selected] += drawn[..., selected]
    assert np.abs(total / 4000 - errors).max() < 3.5
    ratio = (total / 4000).ravel() @ errors.ravel() / (errors.astype(float) ** 2).sum()
    assert ratio == pytest.approx(1, abs=0.01)


def test_sampling_takes_channels_that_have_nearly_all_the_error_always():
    errors = errors_of([0, 60, 0, 0, 1, 0, 50, 1, 1, 1, 1, 1, 1, 1, 1, 1])
    errors[0, :, 4] = errors[0, :, 7]
    for seed in range(1, 50):
        drawn, selected = draw(errors, HALF, seed * 2654435761 % 2**32)
        assert {1, 6} <= set(selected) and 0 not in selected
        assert (drawn[..., [1, 6]] == errors[..., [1, 6]]).all()


def test_sampling_scales_at_most_by_two():
    errors = errors_of([1, 60, *[1] * 38]).astype(int)
    random = Random(5)
    for _ in range(200):
        drawn, selected = draw(errors, 65536 // 4, random.draw())
        for o in selected:
            assert np.abs(drawn[..., o]).max() <= 2 * np.abs(errors[..., o]).max() + 1


def test_the_rate_follows_the_loss():
    assert update_rate(65536, 65536, 6554, 65536) == 65536
    assert update_rate(0, 65536, 6554, 65536) == 6554
    assert update_rate(HALF, 65536, 0, 65536) == pytest.approx(HALF, abs=1)
    assert update_rate(10, 65536, HALF, HALF) == HALF


def test_the_greatest_loss_rises_by_a_quarter_and_fades():
    assert follow_greatest_loss(0, 5) == 1
    assert follow_greatest_loss(65536, 2**31 - 1) == 65536 + 16384 + 1
    assert follow_greatest_loss(65536, 65540) == 65540
    assert follow_greatest_loss(65536, 0) == 65536 - 256
    assert follow_greatest_loss(65536, 65535) == 65535  # and reaches a lower loss
    assert follow_greatest_loss(2**31 - 1, 0) == 2**31 - 1 - 2**23
    assert follow_greatest_loss(7, 7) == 7
