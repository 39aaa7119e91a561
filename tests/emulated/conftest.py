"""A running board of each kind, with the module of its architecture."""

import pytest

from fqt.emulator import KINDS, Board, module


@pytest.fixture(scope="module", params=KINDS, ids=str)
def board(request, tmp_path_factory):
    board = Board(request.param, tmp_path_factory.mktemp("board"))
    board.put("fqt.mpy", module(request.param.architecture).read_bytes())
    yield board
    board.close()
