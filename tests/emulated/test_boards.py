"""The device tests on emulated boards: the scripts of the unix port, over the serial line."""

import pytest
from ports import SCRIPTS
from training import check_api, check_messages, check_orders_and_rates, note_run, train_on

from fqt.options import Options
from models import Layer, many_channels_model, random_model

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def chain_model():
    """Layers one behind another; 10x10x2."""
    layers = [
        Layer("conv2d", 6, (3, 3), (2, 2), (1, 0, 1, 0)),
        Layer("max_pool2d", 0, (2, 2), (1, 1)),
        Layer("conv2d", 5, (2, 2), trainable=False, activation="none"),
        Layer("flatten"),
        Layer("dense", 12),
        Layer("dense", 4),
    ]
    return random_model(layers, (10, 10, 2), seed=11)


@pytest.fixture(scope="module")
def graph_model():
    """The kinds that chain_model lacks, a sum and a product; 8x9x2 -> 3 numbers."""
    layers = [
        Layer("conv2d", 6, activation="relu6"),
        Layer("depthwise_conv2d", 6, (3, 3), (2, 2), (1, 1, 1, 1), "none"),
        Layer("conv2d", 8, activation="relu6"),
        Layer("depthwise_conv2d", 8, (3, 2), (1, 1), (1, 1, 0, 1)),
        Layer("add", inputs=(3, 4)),
        Layer("average_pool2d", 0, (4, 5), (4, 5)),
        Layer("dense", 8),
        Layer("multiply", inputs=(5, 7)),
        Layer("average_pool2d", 0, (2, 2), (2, 2)),
        Layer("dense", 3),
    ]
    return random_model(layers, (8, 9, 2), seed=12, loss="mean_squared_error")


@pytest.mark.parametrize("master", [8, 12, 16])
def test_hundreds_of_steps_give_the_reference_bytes(board, chain_model, master):
    train_on(board, chain_model, master, 400, 0.05)
    note_run(f"emulated {board.kind.machine}", board.kind.architecture, 400)


@pytest.mark.parametrize("options", [Options(), Options((0.3, 0.8), True, 0.01, True)], ids=repr)
def test_a_graph_and_the_options_give_the_reference_bytes(board, graph_model, options):
    train_on(board, graph_model, 8, 100, 0.02, batch=3, options=options)


@pytest.mark.parametrize("sample_updates", [False, True])
def test_errors_in_few_channels_give_the_reference_bytes(board, sample_updates):
    options = Options((0.05, 0.3), sample_updates=sample_updates)
    train_on(board, many_channels_model(), 8, 60, 0.02, options=options)


def test_api(board, small_model, frozen_model, other_model):
    check_api(board, small_model, frozen_model, other_model)


def test_error_texts(board):
    check_messages(board)


def test_power_fails_during_a_save(board, small_model):
    board.put("small.fqt", small_model.to_bytes())
    assert "ok" in board.run(SCRIPTS / "power_cut.py")


def test_too_little_memory(board, small_model, wide_model):
    board.put("small.fqt", small_model.to_bytes())
    board.put("large.fqt", wide_model.to_bytes())
    assert "ok" in board.run(SCRIPTS / "little_memory.py")


def test_orders_and_rates_are_those_of_the_host(board):
    check_orders_and_rates(board)
