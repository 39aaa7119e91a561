"""The module with all layer kinds on emulated boards: what the common one lacks runs there."""

import pytest
from training import train_on

from fqt.device.session import Session
from fqt.emulator import KINDS, Board, build, module
from models import autoencoder_model, recurrent_model

pytestmark = pytest.mark.slow
CHOSEN = [kind for kind in KINDS if kind.architecture in ("armv6m", "armv7emsp")]


@pytest.mark.parametrize("kind", CHOSEN, ids=str)
def test_it_trains_what_the_common_one_refuses(kind, tmp_path):
    board = Board(kind, tmp_path)
    try:
        model = autoencoder_model()
        full = build() / "natmod_all" / kind.architecture / "fqt.mpy"
        board.put("fqt.mpy", full.read_bytes())
        train_on(board, recurrent_model("lstm"), 12, 20, 0.02)
        train_on(board, recurrent_model("gru"), 12, 10, 0.02)
        train_on(board, model, 12, 40, 0.02)
        with Session(board.port) as session:
            session.put("fqt.mpy", module(kind.architecture).read_bytes())
        said = board.mpremote("exec", "import fqt; fqt.Model('model.fqt')", check=False)
        assert "layer 4: this module has no upsample2d: `fqt install MODEL`" in said
    finally:
        board.close()
