"""The module with all layer kinds on emulated boards: what the common one lacks runs there."""

import pytest
from training import train_on

from fqt.emulator import KINDS, Board, build, module
from models import autoencoder_model

pytestmark = pytest.mark.slow
CHOSEN = [kind for kind in KINDS if kind.architecture in ("armv6m", "armv7emsp")]


@pytest.mark.parametrize("kind", CHOSEN, ids=str)
def test_it_trains_an_autoencoder_which_the_common_one_refuses(kind, tmp_path):
    board = Board(kind, tmp_path)
    try:
        model = autoencoder_model()
        full = build() / "natmod_all" / kind.architecture / "fqt.mpy"
        board.mpremote("cp", str(full), ":fqt.mpy")
        train_on(board, model, 12, 40, 0.02)
        board.mpremote("cp", str(module(kind.architecture)), ":fqt.mpy")
        said = board.mpremote("exec", "import fqt; fqt.Model('model.fqt')", check=False)
        assert "layer 4: this module has no upsample2d: `fqt install MODEL`" in said
    finally:
        board.close()
