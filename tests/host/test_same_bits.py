"""The C core against the numpy reference: the same bytes after whole training runs, over networks
that hypothesis draws."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fqt import core
from fqt.inputs import DivergenceError
from fqt.options import Options
from fqt.reference import Network
from models import (
    Layer,
    many_channels_model,
    networks,
    options,
    random_model,
    random_samples,
    random_targets,
)


def train_both(model, master, steps, lr, seed, in_place=False, batch=1, options=Options()):  # noqa: B008
    """Train the reference and the core alike, comparing every output; give both. Ends early when
    both diverge."""
    reference = Network(model, master, batch, options)
    fast = core.Model(model, master, batch, options, in_place)
    samples = random_samples(model, steps, seed)
    for sample, target in zip(samples, random_targets(model, steps, seed), strict=True):
        assert fast.logits(sample).tolist() == reference.logits(sample).tolist()
        assert fast.loss_for(sample, target) == reference.loss_for(sample, target)
        try:
            loss = reference.train(sample, target, lr)
        except DivergenceError as error:
            with pytest.raises(DivergenceError) as same:
                fast.train(sample, target, lr)
            assert str(same.value) == str(error)
            break
        assert fast.train(sample, target, lr) == loss
    return reference, fast


@settings(max_examples=250)
@given(
    networks(),
    st.sampled_from([8, 12, 16]),
    st.sampled_from([0.001, 0.03, 1.0]),
    st.integers(0, 99),
    st.booleans(),
    st.sampled_from([1, 1, 3]),
    options(),
)
def test_training_runs_give_the_same_bytes(model, master, lr, seed, in_place, batch, options):
    reference, fast = train_both(model, master, 12, lr, seed, in_place, batch, options)
    assert fast.to_bytes() == reference.to_bytes()
    assert fast.to_bytes(checkpoint=True) == reference.to_bytes(checkpoint=True)


@pytest.mark.parametrize("master", [8, 12, 16])
@pytest.mark.parametrize("batch", [1, 4])
def test_a_long_run_gives_the_same_bytes(master, batch):
    layers = [
        Layer("conv2d", 6, (3, 3), (2, 2), (1, 0, 1, 0), activation="relu6"),
        Layer("depthwise_conv2d", 0, (3, 3), (1, 1), (1, 1, 1, 1)),
        Layer("add", inputs=(1, 2), activation="none"),
        Layer("max_pool2d", 0, (2, 2), (1, 1)),
        Layer("flatten"),
        Layer("dense", 12),
        Layer("dense", 4),
    ]
    model = random_model(layers, (9, 9, 2))
    reference, fast = train_both(model, master, 300, 0.01, 3, batch=batch)
    assert fast.to_bytes() == reference.to_bytes()
    assert fast.to_bytes() != reference.model.to_bytes()


@pytest.mark.parametrize("sample_updates", [False, True])
@pytest.mark.parametrize("rate", [(0.1, 0.1), (0.25, 0.25), (0.05, 0.5)])
def test_errors_in_few_channels_have_the_same_bits(rate, sample_updates):
    """Where those of the others are not formed."""
    options = Options(rate, sample_updates=sample_updates)
    reference, fast = train_both(many_channels_model(), 8, 60, 0.02, 5, options=options)
    assert fast.to_bytes() == reference.to_bytes()


@settings(max_examples=60)
@given(networks(), st.sampled_from([8, 12, 16]), st.sampled_from([1, 2]), st.data())
def test_freezing_and_resetting_give_the_same_bytes(model, master, batch, data):
    """Layers stop and start in the middle of a run, some with new random weights."""
    reference, fast = Network(model, master, batch), core.Model(model, master, batch)
    trainable = [i for i, layer in enumerate(model.layers) if layer.trainable]
    for step, sample in enumerate(random_samples(model, 9)):
        if step % 3 == 0:
            frozen = data.draw(st.sets(st.sampled_from(trainable), max_size=len(trainable) - 1))
            for i in trainable:
                for network in (reference, fast):
                    (network.freeze if i in frozen else network.unfreeze)(i + 1)
            if data.draw(st.booleans()):
                i = data.draw(st.sampled_from(trainable))
                for network in (reference, fast):
                    network.reset(i + 1)
        target = random_targets(model, 9)[step]
        assert fast.train(sample, target, 0.01) == reference.train(sample, target, 0.01)
    assert fast.to_bytes() == reference.to_bytes()


@pytest.mark.parametrize("master", [8, 12, 16])
@pytest.mark.parametrize("batch", [4, 64])
def test_a_mini_batch_that_ends_early_gives_the_same_bytes(small_model, master, batch):
    """The steps that are pending count: after end_batch, and in what is saved."""
    reference, fast = train_both(small_model, master, 6, 0.05, 1, batch=batch)
    saved = core.Model(small_model, master, batch)
    probe = random_samples(small_model, 1)[0]
    before = fast.logits(probe).tolist()
    for network in (reference, fast, reference, fast):  # twice: nothing is pending then
        network.end_batch()
    assert fast.logits(probe).tolist() == reference.logits(probe).tolist() != before
    targets = random_targets(small_model, 6, 1)
    for sample, target in zip(random_samples(small_model, 6, 1), targets, strict=True):
        saved.train(sample, target, 0.05)
    assert saved.to_bytes() == fast.to_bytes() == reference.to_bytes()


@settings(max_examples=60)
@given(networks(), st.sampled_from([8, 12, 16]))
def test_training_from_kept_features_gives_the_same_bytes(model, master):
    """What the frozen front part gives can stand in for it."""
    whole, from_features = core.Model(model, master), core.Model(model, master)
    for i in [i for i, layer in enumerate(model.layers) if layer.trainable][:-1]:
        whole.freeze(i + 1)
        from_features.freeze(i + 1)
    x = whole.quantize_inputs(random_samples(model, 6))
    targets = np.array(random_targets(model, 6))
    order = np.arange(30) % 6
    features = from_features.features(x)
    losses = whole.train_many(x, targets, order, 0.02)
    same = from_features.train_many(features, targets, order, 0.02, from_features=True)
    assert same.tolist() == losses.tolist()
    assert from_features.to_bytes() == whole.to_bytes()


@settings(max_examples=30)
@given(networks(), st.sampled_from([8, 12, 16]))
def test_a_checkpoint_continues_with_the_same_bits(model, master):
    """Saving, loading and going on is the same as going on."""
    _, whole = train_both(model, master, 6, 0.03, 1)
    restored = core.Model(model, master)
    restored.restore(whole.to_bytes(checkpoint=True))
    reloaded = core.Model(whole.to_bytes(), master)
    sample, target = random_samples(model, 1, 9)[0], random_targets(model, 1, 9)[0]
    for other in (restored, reloaded):
        assert other.to_bytes() == whole.to_bytes()
    for continued in (whole, restored, reloaded):
        continued.train(sample, target, 0.03)
    assert restored.to_bytes() == whole.to_bytes() == reloaded.to_bytes()


@settings(max_examples=30)
@given(networks())
def test_float_inputs_are_quantized_alike(model):
    reference, fast = Network(model), core.Model(model)
    rng = np.random.default_rng(1)
    x = rng.normal(0, 1, model.input_shape).astype(np.float32)
    x.flat[0] = rng.choice([0, 1e-45, 1e30, -1e30, -0.0, 1e-20])
    assert (reference.quantize_input(x) == fast.quantize_input(x)).all()
    rows = np.array([[0, 1]]) if model.input_map is None else model.input_map.astype(np.float64)
    exact = np.clip(
        np.floor((x - rows[:, 0]) / rows[:, 1] / np.float32(model.input_scale) + 0.5)
        + model.input_zero_point,
        -128,
        127,
    )
    assert np.abs(fast.quantize_input(x) - exact).max() <= 1


@pytest.mark.parametrize("loss", ["mean_squared_error", "binary_cross_entropy"])
def test_an_input_can_be_its_own_target(loss):
    layers = [Layer("dense", 3), Layer("dense", 12)]
    model = random_model(layers, (2, 2, 3), loss=loss)
    reference, fast = Network(model), core.Model(model)
    for sample in random_samples(model, 20):
        assert fast.loss_for(sample) == reference.loss_for(sample)
        assert fast.train(sample) == reference.train(sample)
    assert fast.to_bytes() == reference.to_bytes()


def test_a_run_that_diverges_is_refused_alike():
    model = random_model([Layer("dense", 8), Layer("dense", 8), Layer("dense", 2)], (4, 4, 1))
    reference, fast = Network(model), core.Model(model)
    x = np.full((4, 4, 1), 255, np.uint8)
    messages = []
    for network in (reference, fast):
        with pytest.raises(DivergenceError, match=r"layer . .dense_.. diverged") as error:
            for step in range(3000):
                network.train(x, step % 2, 100)
        messages.append(str(error.value))
        with pytest.raises(DivergenceError):
            network.train(x, 0, 0.01)
    assert messages[0] == messages[1]
    fast.restore(model.to_bytes())
    fast.train(x, 0, 0.01)
