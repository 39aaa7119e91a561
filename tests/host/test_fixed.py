"""Scales, requantisation, random numbers and the loss against exact and float64 arithmetic."""

import math
from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fqt.reference.fixed import Random, Scale, decayed, dither, fixed_multiply, order_of
from fqt.reference.loss import softmax_cross_entropy

floats = st.floats(2.0**-64, 2.0**64, width=32)
int32 = st.integers(-(2**31 - 1), 2**31 - 1)


def value(scale):
    return Fraction(scale.mantissa) * Fraction(2) ** scale.exponent


@given(floats)
def test_unpacking_and_packing_keeps_a_float32(x):
    scale = Scale.unpack(x)
    assert value(scale) == Fraction(x)
    assert 2**30 <= scale.mantissa < 2**31
    assert scale.pack() == x


@given(floats, floats)
def test_products_and_quotients_are_truncated_to_31_bits(a, b):
    for result, exact in (
        (Scale.unpack(a) * Scale.unpack(b), Fraction(a) * Fraction(b)),
        (Scale.unpack(a) / Scale.unpack(b), Fraction(a) / Fraction(b)),
    ):
        assert 2**30 <= result.mantissa < 2**31
        assert 0 <= exact - value(result) < exact / 2**29


@given(st.integers(1, 2**60))
def test_integers_keep_their_31_leading_bits(n):
    scale = Scale.from_int(n)
    assert 0 <= n - value(scale) < Fraction(n, 2**30)


@given(int32, st.integers(2**30, 2**31 - 1), st.integers(-70, 10))
def test_fixed_multiply_rounds_to_nearest_halves_up(v, mantissa, exponent):
    exact = Fraction(v) * mantissa * Fraction(2) ** exponent
    expected = math.floor(exact + Fraction(1, 2))
    expected = min(max(expected, -(2**31 - 1)), 2**31 - 1)
    assert int(fixed_multiply(v, Scale(mantissa, exponent))) == expected


@given(st.lists(st.integers(-(2**30), 2**30), min_size=2, max_size=20), st.integers(0, 19))
def test_softmax_cross_entropy_against_float64(logits, label):
    label %= len(logits)
    loss, derivatives, unit = softmax_cross_entropy(np.array(logits, np.int64), label)
    real = np.array(logits) / 65536
    powers = np.exp(real - real.max())
    expected = powers / powers.sum()
    expected_loss = np.log(powers.sum()) + real.max() - real[label]
    expected[label] -= 1
    assert abs(loss / 65536 - min(expected_loss, 32767)) < 1e-4 * max(1, expected_loss)
    assert value(unit) == Fraction(1, 2**30)
    assert np.abs(derivatives / 2**30 - expected).max() < 1e-4


def test_xorshift_has_the_published_sequence():
    random = Random(2463534242)
    assert [random.draw() for _ in range(3)] == [723471715, 2497366906, 2064144800]


def test_dithers_are_uniform_and_neighbours_differ():
    numbers = dither(12345, np.arange(100_000)) / 2**32
    counts = np.histogram(numbers, 64, (0, 1))[0]
    assert counts.min() > 1500 and counts.max() < 1625
    assert np.abs(np.diff(numbers)).min() > 0.3


def test_an_order_is_a_permutation_that_depends_on_the_seed():
    assert sorted(order_of(100, 3)) == list(range(100))
    assert (order_of(100, 3) != order_of(100, 4)).any()


@given(st.floats(2.0**-20, 1, width=32), st.integers(0, 20))
def test_decay_is_linear(lr, done):
    assert math.isclose(decayed(lr, done, 20), lr * (20 - done) / 20, rel_tol=1e-6)
