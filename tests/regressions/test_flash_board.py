"""A board that mounts its file system at /flash, as STM32, nRF, Teensy and Renesas RA do: `fqt
install` asked for /lib there and failed."""

import os
from pathlib import Path

import pytest

from fqt.cli import main
from fqt.emulator import Board, Kind, module

pytestmark = pytest.mark.slow
DIST = Path(__file__).parents[2] / "dist"
KIND = Kind("CORTEX_M3", "armv7m", "mps2-an385")


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("FQT_BUILD", os.path.join(os.environ["FQT_BUILD"], "flash"))
        board = Board(KIND, tmp_path_factory.mktemp("flash_board"))
    yield board
    board.close()


def test_the_module_goes_to_the_folder_that_the_board_names(board, capsys):
    assert "'/flash', '/flash/lib'" in board.mpremote("exec", "import sys; print(sys.path)")
    assert main(["install", "--port", board.port, "--dist", str(DIST)]) == 0
    assert "as /flash/lib/fqt.mpy" in capsys.readouterr().out
    assert board.get("/flash/lib/fqt.mpy") == module("armv7m").read_bytes()
    assert board.mpremote("exec", "import os; print(os.listdir('/flash/lib'))").strip() == (
        "['fqt.mpy', 'fqt_data.mpy', 'fqt_field.mpy']"
    )


def test_a_full_file_system_keeps_what_it_has(board, capsys):
    fill = """
import os
size, _, _, free = os.statvfs('/flash')[:4]
with open('/flash/big', 'wb') as file:
    for _ in range(size * free // 4096 - 3):
        file.write(bytes(4096))
"""
    (board.folder / "older.mpy").write_bytes(b"older")
    board.mpremote("cp", "older.mpy", ":/flash/lib/fqt.mpy", "+", "exec", fill)
    before = board.mpremote("exec", "import os; print(os.listdir('/flash/lib'))")
    assert main(["install", "--port", board.port, "--dist", str(DIST)]) == 1
    assert "bytes free, the module takes" in capsys.readouterr().err
    assert board.mpremote("exec", "import os; print(os.listdir('/flash/lib'))") == before
    assert board.mpremote("exec", "print(open('/flash/lib/fqt.mpy').read())").strip() == "older"
    board.mpremote("rm", ":/flash/big")
