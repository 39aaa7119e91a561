"""Fixtures: where device tests run, and the model files that they use."""

import os

import pytest
from hypothesis import settings
from ports import UnixPort

from models import Layer, random_model

# How long an example takes depends on what else the machine does.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture
def unix_port(tmp_path):
    for variable in ("FQT_MICROPYTHON", "FQT_MPY_PATH"):
        if not os.path.exists(os.environ.get(variable, "")):
            pytest.fail(f"{variable} must name a build: run the tests with `make test`")
    return UnixPort(tmp_path)


def small_layers():
    return [Layer("conv2d", 4, (3, 3), (2, 2)), Layer("dense", 3)]


@pytest.fixture(scope="session")
def small_model():
    """uint8 6x6x1, conv2d and dense, all trainable, 3 classes."""
    return random_model(small_layers(), (6, 6, 1), seed=1)


@pytest.fixture(scope="session")
def other_model():
    """The same shapes as small_model, another model."""
    return random_model(small_layers(), (6, 6, 1), seed=2)


@pytest.fixture(scope="session")
def frozen_model():
    """int8 4x4x2, all frozen, 2 classes."""
    layers = [Layer("conv2d", 3, (2, 2), trainable=False), Layer("dense", 2, trainable=False)]
    return random_model(layers, (4, 4, 2), seed=3, input_type="int8")


@pytest.fixture(scope="session")
def large_model():
    """uint8 16x16x1 with 50,000 parameters, all trainable, 3 classes."""
    layers = [
        Layer("conv2d", 8, (3, 3), (1, 1), (1, 1, 1, 1)),
        Layer("max_pool2d", 0, (2, 2), (2, 2)),
    ]
    return random_model([*layers, Layer("dense", 96), Layer("dense", 3)], (16, 16, 1), seed=4)


@pytest.fixture(scope="session")
def wide_model():
    """31,000 parameters: 62 KB of RAM with master=16."""
    return random_model([Layer("dense", 120), Layer("dense", 3)], (16, 16, 1), seed=4)
