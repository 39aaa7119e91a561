"""How training starts, and when it is said to have ended.

Found: in the first step every hidden error was 127 or -127 times a scale that was thousands of
times too small, since that scale was the unit of the accumulators; the layer before got its scale
from such errors, and so on, so that a network of n layers began to learn as a whole at step n. On
the 36 series of ArrowHead, three convolutions and two dense layers at a rate of 0.05 ended 5.4 ±
2.4 points lower (30 seeds), 2 runs with a dead layer, none since.

And a layer without output for 200 samples in a row was told to have died: 300 frames of a covered
camera's noise were enough, though the network was well; a layer that had died but answered one
sample in a hundred was not told.
"""

import numpy as np
import pytest

from fqt.inputs import DivergenceError
from fqt.reference import Network
from fqt.run import core
from models import Layer, random_model, random_samples

DEEP = [Layer("conv2d", 8, kernel=(3, 3), activation="relu") for _ in range(4)] + [
    Layer("dense", 16, activation="relu"),
    Layer("dense", 4),
]


def test_errors_of_the_first_step_are_not_cut_off():
    model = random_model(DEEP, (12, 12, 2), seed=3)
    network = Network(model)
    network.train(random_samples(model, 1)[0], 0)
    for tensor in network.tensors[1:-1]:
        magnitudes = np.abs(tensor.error.astype(int))
        assert magnitudes.max() >= 126
        assert (magnitudes == 127).sum() <= 2


def test_the_first_step_finds_the_scales_of_all_errors():
    """A second look at the same sample, with nothing trained, changes them no more."""
    model = random_model(DEEP, (12, 12, 2), seed=3)
    sample = random_samples(model, 1)
    trained = core.Model(model)
    scales = []
    for _ in range(2):
        trained.train_many(sample, np.zeros(1, int), [0], 0.0)
        scales.append([layer.error_scale for layer in trained.to_model_file().layers])
    np.testing.assert_allclose(scales[0], scales[1], rtol=0.02)


def silent_and_bright():
    """A model whose first layer answers only the brightest pixels; dim samples, and a bright
    one."""
    model = random_model([Layer("conv2d", 4, (3, 3)), Layer("dense", 3)], (6, 6, 1), seed=1)
    first = model.layers[0]
    first.weights[:] = 100
    reach = 9 * 255 * 100  # of a bright sample's accumulators, without the bias
    first.biases[:] = -round(reach * 0.9 * model.input_scale / first.bias_scale)
    dim = np.random.default_rng(1).integers(0, 8, (300, 6, 6, 1), np.uint8)
    return core.Model(model), dim, np.full((1, 6, 6, 1), 250, np.uint8) - dim[:1]


def test_noise_of_a_covered_camera_is_no_divergence():
    net, dim, bright = silent_and_bright()
    for _ in range(4):
        net.train_many(dim, np.zeros(300, int), np.arange(300), 0.0)
        net.train_many(bright, np.zeros(1, int), np.zeros(60, int), 0.0)
    assert net.diverged is None


def test_a_dead_layer_that_answers_one_sample_in_a_hundred_is_told():
    net, dim, bright = silent_and_bright()
    with pytest.raises(DivergenceError, match="output is 0"):
        for _ in range(12):
            net.train_many(dim[:100], np.zeros(100, int), np.arange(100), 0.0)
            net.train_many(bright, np.zeros(1, int), [0], 0.0)
