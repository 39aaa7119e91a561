"""A channel whose weights leave much of their range unused gets a finer unit, exactly: it would
else keep the noise of a coarse one (docs/arithmetic.md, section 7)."""

import numpy as np
import pytest

from fqt.model_file import ModelFile
from fqt.reference import Network
from fqt.run import core
from models import Layer, random_model, random_samples

STEPS = 600  # a channel is looked at once in 64
TINY = 1e-12  # a learning rate that moves no weight


def model_with(greatest):
    """A dense layer of three channels: one whose weights are at most `greatest`, one of zeros, one
    that uses its range."""
    model = random_model([Layer("dense", 3)], (1, 1, 24), seed=4)
    weights = model.layers[0].weights
    weights[0] = np.clip(weights[0], -greatest, greatest)
    weights[0, 0] = greatest
    weights[1] = 0
    weights[2, :2] = 57, -120
    return model


def saved(network):
    return ModelFile.from_bytes(network.to_bytes())


def real(record):
    low = 0 if record.low_bytes is None else record.low_bytes / 256
    weights = (record.weights + low) * record.weight_scales[:, None].astype(np.float64)
    return weights, record.biases * record.weight_scales.astype(np.float64)


@pytest.mark.parametrize("master", [8, 12, 16])
@pytest.mark.parametrize("batch", [1, 4])
@pytest.mark.parametrize(("greatest", "doubled"), [(56, 1), (57, 0), (28, 2), (1, 6)])
def test_small_weights_get_a_finer_unit_and_keep_their_values(master, batch, greatest, doubled):
    model = model_with(greatest)
    before = model.layers[0]
    sample = random_samples(model, 1)[0]
    trained = core.Model(model, master, batch)
    for step in range(STEPS * batch):
        trained.train(sample, step % 3, TINY)
    after = saved(trained).layers[0]
    halved = np.float32([2.0**-doubled, 1, 1])
    assert after.weight_scales.tolist() == (before.weight_scales * halved).tolist()
    for old, new in zip(real(before), real(after), strict=True):
        assert old.tolist() == new.tolist()


def test_the_reference_shrinks_alike():
    model = model_with(20)
    networks = [Network(model, 12), core.Model(model, 12)]
    for step, sample in enumerate(np.resize(random_samples(model, 5), (300, 1, 1, 24))):
        for network in networks:
            network.train(sample, step % 3, 0.003)
    data = {network.to_bytes() for network in networks}
    assert len(data) == 1
    scales = saved(networks[1]).layers[0].weight_scales
    assert (scales < model.layers[0].weight_scales).any()
