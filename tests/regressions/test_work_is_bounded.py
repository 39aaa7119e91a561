"""Faults of a small file that costs much: planning the arena of many layers took 250
million instructions, and a step of max pooling as many as positions * kernel^4. Measured in time
that this process had, a hundredth of which would do."""

from time import process_time

import numpy as np
from forge import AVERAGE_POOL2D, CONV2D, DENSE, MAX_POOL2D, Layer, forge

from fqt.file.layout import MAX_LAYERS
from fqt.model_file import ModelFile
from fqt.reference import Network
from fqt.run import core
from models import Layer as Drawn
from models import random_model


def least_seconds(call):
    """Of three calls, the shortest: nothing else ran then."""
    seconds = []
    for _ in range(3):
        before = process_time()
        call()
        seconds.append(process_time() - before)
    return min(seconds)


def test_planning_the_arena_of_the_most_layers():
    chain = [Layer(CONV2D, (2, 2, 3), 3) for _ in range(MAX_LAYERS - 1)]
    data = forge([*chain, Layer(DENSE, (1, 1, 2), 12)], (2, 2, 3))
    text = core.ctypes.create_string_buffer(core.ERROR_TEXT_BYTES)

    def load():
        model = core.library().fqt_host_open(data, len(data), 8, 1, True, text)
        assert model
        core.library().fqt_host_close(model)

    assert least_seconds(load) < 0.04


def pooled(kind, size, kernel):
    """A window that moves by one over size x size elements, between layers that train."""
    extent = size - kernel + 1
    first = Layer(CONV2D, (size, size, 1), 1)
    pool = Layer(kind, (extent, extent, 1), 0, {"window": (kernel, kernel, 1, 1, 0, 0, 0, 0)})
    return forge([first, pool, Layer(DENSE, (1, 1, 2), extent * extent)], (size, size, 1))


def test_a_step_of_pooling_takes_its_windows_once():
    x = np.random.default_rng(1).integers(-128, 128, (120, 120, 1)).astype(np.int8)
    for kind in (MAX_POOL2D, AVERAGE_POOL2D):
        model = core.Model(pooled(kind, 120, 60))
        assert least_seconds(lambda model=model: model.train(x, 0, 1e-6)) < 1


def test_errors_of_windows_that_overlap_meet_where_they_should():
    """Windows with padding, strides below, at and above the kernel: rows of the input that one,
    many or no windows reach."""
    rng = np.random.default_rng(2)
    for kernel, stride, padding in (
        ((3, 2), (1, 1), (2, 1, 0, 1)),
        ((2, 3), (2, 3), (0, 1, 1, 2)),
        ((2, 2), (3, 4), (1, 0, 0, 0)),
        ((1, 1), (1, 1), (0, 0, 0, 0)),
        ((5, 7), (1, 2), (4, 4, 6, 6)),
    ):
        layers = [
            Drawn("conv2d", 3, (1, 1), activation="none"),
            Drawn("max_pool2d", 0, kernel, stride, padding),
            Drawn("dense", 3),
        ]
        model = random_model(layers, (7, 8, 2), seed=3)
        model = ModelFile.from_bytes(model.to_bytes())
        core_model, network = core.Model(model), Network(model)
        for step in range(6):
            x = rng.integers(0, 256, (7, 8, 2)).astype(np.uint8)
            core_model.train(x, step % 3, 0.05)
            network.train(x, step % 3, 0.05)
        assert core_model.to_bytes() == network.to_bytes()
