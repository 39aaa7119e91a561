"""fqt as a part of the firmware (natmod/usermod), on a board that loads no native modules."""

import pytest
from ports import SCRIPTS
from training import check_api, check_messages, note_run, train_on

from fqt.device.emulator import Board, Kind
from models import many_channels_model

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    kind = Kind("NO_NATIVE", "none", "mps2-an385", builds="usermod/firmware")
    board = Board(kind, tmp_path_factory.mktemp("board"))
    yield board
    board.close()


@pytest.mark.parametrize("master", [8, 12, 16])
def test_hundreds_of_steps_give_the_reference_bytes(board, small_model, master):
    train_on(board, small_model, master, 300, 0.05)
    note_run("in the firmware of an emulated board", "Cortex-M3", 300)


def test_many_channels_give_the_reference_bytes(board):
    train_on(board, many_channels_model(), 8, 30, 0.02)


def test_api(board, small_model, frozen_model, other_model):
    check_api(board, small_model, frozen_model, other_model)


def test_error_texts(board):
    check_messages(board, in_firmware=True)


def test_import_takes_little_of_the_heap(board):
    """docs/firmware.md has the figure: code, constants and texts are in flash."""
    code = "import gc\ngc.collect()\nbefore = gc.mem_alloc()\nimport fqt\ngc.collect()\n"
    (board.folder / "heap.py").write_text(code + "print(gc.mem_alloc() - before)\n")
    assert int(board.run(board.folder / "heap.py")) < 3500


def test_too_little_memory(board, small_model, wide_model):
    board.put("small.fqt", small_model.to_bytes())
    board.put("large.fqt", wide_model.to_bytes())
    assert "ok" in board.run(SCRIPTS / "little_memory.py")
