"""Activation functions by tables on emulated boards, whose common module has them."""

import pytest
from training import train_on

from fqt.emulator import KINDS, Board, module
from models import table_model

pytestmark = pytest.mark.slow
CHOSEN = [kind for kind in KINDS if kind.architecture in ("armv6m", "armv7emsp")]


@pytest.mark.parametrize("kind", CHOSEN, ids=str)
def test_a_network_with_tables_trains_to_the_same_bytes(kind, tmp_path):
    board = Board(kind, tmp_path)
    try:
        board.put("fqt.mpy", module(kind.architecture).read_bytes())
        train_on(board, table_model(), 12, 40, 0.02)
    finally:
        board.close()
