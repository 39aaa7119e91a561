"""The device tests on emulated boards: the scripts of the unix port, over the serial line."""

import ast

import numpy as np
import pytest
from ports import SCRIPTS
from training import note_run, train_on

from fqt.reference.fixed import decayed, shuffle
from models import Layer, random_model

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def trained_model():
    """Every layer kind; 10x10x2."""
    layers = [
        Layer("conv2d", 6, (3, 3), (2, 2), (1, 0, 1, 0)),
        Layer("max_pool2d", 0, (2, 2), (1, 1)),
        Layer("conv2d", 5, (2, 2), trainable=False, relu=False),
        Layer("flatten"),
        Layer("dense", 12),
        Layer("dense", 4),
    ]
    return random_model(layers, (10, 10, 2), seed=11)


@pytest.mark.parametrize("master", [8, 16])
def test_hundreds_of_steps_give_the_reference_bytes(board, trained_model, master):
    train_on(board, trained_model, master, 400, 0.05)
    note_run(f"emulated {board.kind.machine}", board.kind.architecture, 400)


def test_api(board, small_model, frozen_model, other_model):
    board.put("small.fqt", small_model.to_bytes())
    board.put("floats.fqt", frozen_model.to_bytes())
    board.put("other.fqt", other_model.to_bytes())
    assert board.run(SCRIPTS / "api.py").count("ok ") == 7


def test_power_fails_during_a_save(board, small_model):
    board.put("small.fqt", small_model.to_bytes())
    assert "ok" in board.run(SCRIPTS / "power_cut.py")


def test_too_little_memory(board, small_model, wide_model):
    board.put("small.fqt", small_model.to_bytes())
    board.put("large.fqt", wide_model.to_bytes())
    assert "ok" in board.run(SCRIPTS / "little_memory.py")


def test_orders_and_rates_are_those_of_the_host(board):
    lines = [ast.literal_eval(line) for line in board.run(SCRIPTS / "order.py").splitlines()]
    order = np.arange(50)
    for seed, printed in zip((0, 1, 77777), lines, strict=False):
        shuffle(order, seed)
        assert printed == order.tolist()
    # A board with single-precision floats prints fewer digits.
    assert lines[3] == pytest.approx([decayed(0.02, done, 7) for done in range(7)], rel=1e-6)
