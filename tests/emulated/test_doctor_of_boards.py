"""`fqt doctor --port`, of emulated boards."""

import pytest

from fqt import __version__
from fqt.cli import main
from fqt.device.session import Session
from fqt.emulator import KINDS, Board, Kind, module

pytestmark = pytest.mark.slow
M4F = next(kind for kind in KINDS if kind.board == "CORTEX_M4F")


def test_a_board_without_and_with_the_module(tmp_path, capsys):
    board = Board(M4F, tmp_path)
    try:
        assert main(["doctor", "--port", board.port]) == 1
        said = capsys.readouterr().out
        assert "loads armv7emsp" in said and "no fqt;" in said and "bytes of RAM free" in said
        with Session(board.port) as session:
            session.put("fqt.mpy", module(M4F.architecture).read_bytes())
        main(["doctor", "--port", board.port])
        assert f"fqt {__version__}, fqt.mpy;" in capsys.readouterr().out
        old = b"__version__ = '0.1.0'\n"
        (tmp_path / "fqt.py").write_bytes(old)
        board.mpremote("rm", ":fqt.mpy", "+", "cp", str(tmp_path / "fqt.py"), ":fqt.py")
        assert main(["doctor", "--port", board.port]) == 1
        assert f"it is of 0.1.0, fqt of {__version__}" in capsys.readouterr().out
    finally:
        board.close()


def test_a_board_that_loads_no_native_code(tmp_path, capsys):
    board = Board(Kind("NO_NATIVE", "none", "mps2-an385"), tmp_path)
    try:
        assert main(["doctor", "--port", board.port]) == 1
        assert "without a loader for native code" in capsys.readouterr().out
    finally:
        board.close()
