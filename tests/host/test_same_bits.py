"""The C core against the numpy reference: the same bytes after whole training runs, over networks
that hypothesis draws."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fqt import core
from fqt.reference import Network
from models import Layer, networks, random_model, random_samples


def train_both(model, master, steps, lr, seed, in_place=False):
    """Train the reference and the core alike, comparing every output; give both models' files."""
    reference = Network(model, master)
    fast = core.Model(model, master, in_place)
    samples = random_samples(model, steps, seed)
    labels = np.random.default_rng(seed).integers(0, np.prod(model.layers[-1].output_shape), steps)
    for sample, label in zip(samples, labels.tolist(), strict=True):
        assert fast.logits(sample).tolist() == reference.logits(sample).tolist()
        assert fast.train(sample, label, lr) == reference.train(sample, label, lr)
    return reference, fast


@settings(max_examples=150, deadline=None)
@given(
    networks(),
    st.sampled_from([8, 16]),
    st.sampled_from([0.001, 0.03, 1.0]),
    st.integers(0, 99),
    st.booleans(),
)
def test_training_runs_give_the_same_bytes(model, master, lr, seed, in_place):
    reference, fast = train_both(model, master, 12, lr, seed, in_place)
    assert fast.to_bytes() == reference.to_bytes()
    assert fast.to_bytes(checkpoint=True) == reference.to_bytes(checkpoint=True)


@pytest.mark.parametrize("master", [8, 16])
def test_a_long_run_gives_the_same_bytes(master):
    layers = [
        Layer("conv2d", 6, (3, 3), (2, 2), (1, 0, 1, 0)),
        Layer("max_pool2d", 0, (2, 2), (1, 1)),
        Layer("flatten"),
        Layer("dense", 12),
        Layer("dense", 4),
    ]
    reference, fast = train_both(random_model(layers, (9, 9, 2)), master, 400, 0.05, 3)
    assert fast.to_bytes() == reference.to_bytes()
    assert fast.to_bytes() != reference.model.to_bytes()


@settings(max_examples=30, deadline=None)
@given(networks(), st.sampled_from([8, 16]))
def test_a_checkpoint_continues_with_the_same_bits(model, master):
    """Saving, loading and going on is the same as going on."""
    _, whole = train_both(model, master, 6, 0.03, 1)
    restored = core.Model(model, master)
    restored.restore(whole.to_bytes(checkpoint=True))
    reloaded = core.Model(whole.to_bytes(), master)
    sample = random_samples(model, 1, 9)[0]
    for other in (restored, reloaded):
        assert other.to_bytes() == whole.to_bytes()
    for continued in (whole, restored, reloaded):
        continued.train(sample, 1, 0.03)
    assert restored.to_bytes() == whole.to_bytes() == reloaded.to_bytes()


@settings(max_examples=30, deadline=None)
@given(networks())
def test_float_inputs_are_quantized_alike(model):
    reference, fast = Network(model), core.Model(model)
    rng = np.random.default_rng(1)
    x = rng.normal(0, 1, model.input_shape).astype(np.float32)
    x.flat[0] = rng.choice([0, 1e-45, 1e30, -1e30, -0.0, 1e-20])
    assert (reference.quantize_input(x) == fast.quantize_input(x)).all()
    exact = np.clip(
        np.floor(x.astype(np.float64) / np.float32(model.input_scale) + 0.5)
        + model.input_zero_point,
        -128,
        127,
    )
    assert np.abs(fast.quantize_input(x) - exact).max() <= 1
