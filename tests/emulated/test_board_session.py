"""A session on an emulated board: calls, files, and a sentence for each thing that goes wrong."""

import time

import pytest

from fqt.device.session import Session
from fqt.emulator import KINDS, Board

pytestmark = pytest.mark.slow
M4F = next(kind for kind in KINDS if kind.board == "CORTEX_M4F")
FILL = """
with open('/fill', 'wb') as fill:
    try:
        while True: _ = fill.write(bytes(256)); fill.flush()
    except OSError: pass
"""


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    board = Board(M4F, tmp_path_factory.mktemp("board"))
    yield board
    board.close()


def test_calls_share_globals_and_are_quick(board):
    with Session(board.port) as session:
        session.run("x = 40")
        began = time.monotonic()
        for _ in range(20):
            assert session.run("print(x + 2)") == "42\n"
        assert time.monotonic() - began < 10  # 0.2 s here; one process for each took 18


def test_a_file_arrives_and_replaces_another(board):
    data = bytes(i * i >> 3 & 255 for i in range(5000))
    with Session(board.port) as session:
        session.put("/data", b"old")
        session.put("/data", data)
        assert session.run("import os; print(sorted(os.listdir('/')))") == "['data']\n"
    board.mpremote("cp", ":/data", "taken")
    assert (board.folder / "taken").read_bytes() == data


def test_a_copy_that_was_changed_on_its_way_is_not_taken(board, monkeypatch):
    with Session(board.port) as session:
        session.put("/data", b"old")
        run = session.run
        monkeypatch.setattr(
            session, "run", lambda code, *more: run(code.replace("Ynl0ZXM=", "Qnl0ZXM="), *more)
        )
        with pytest.raises(OSError, match=r"/data was not written: .*the copy is not whole"):
            session.put("/data", b"bytes")
        monkeypatch.undo()
        assert session.run("print(open('/data').read(), os.listdir('/'))") == "old ['data']\n"


def test_an_error_on_the_board_is_a_sentence(board):
    with Session(board.port) as session:
        with pytest.raises(OSError, match=r"^the board says ZeroDivisionError: [^\n]*$"):
            session.run("1 / 0")
        with pytest.raises(OSError, match=r"MemoryError: .*; the board lacks RAM"):
            session.run("bytearray(10000000)")
        assert session.run("print(1)") == "1\n"


def test_a_full_flash_keeps_the_old_file(board):
    with Session(board.port) as session:
        session.put("/data", b"old")
        session.run(FILL)
        with pytest.raises(OSError, match=r"/data was not written.*file system is full"):
            session.put("/data", bytes(9000))
        answer = session.run("import os; print(open('/data').read(), sorted(os.listdir('/')))")
        assert answer == "old ['data', 'fill']\n"
        session.run("os.remove('/fill')")


def test_a_board_that_hangs(tmp_path):
    """An emulated board looks at its line in the prompt alone: no Ctrl-C ends its loop."""
    board = Board(M4F, tmp_path)
    try:
        no_answer = pytest.raises(OSError, match=r"did not answer within 0\.5 s: .*its reset")
        with Session(board.port, seconds=5) as session, no_answer:
            session.run("while True: pass", seconds=0.5)
        with pytest.raises(OSError, match=r"did not answer within 1 s: .*its reset"):
            Session(board.port, seconds=1)
        board.emulator.kill()
        board.emulator.wait()
        with pytest.raises(OSError, match=r"^there is no .*: `mpremote connect list` shows"):
            Session(board.port)
    finally:
        board.close()


def test_a_board_that_is_unplugged(tmp_path):
    board = Board(M4F, tmp_path)
    try:
        with Session(board.port, seconds=5) as session:
            board.emulator.kill()
            board.emulator.wait()
            with pytest.raises(OSError, match=r"^/data was not written: the connection .* lost"):
                session.put("/data", bytes(9000))
        with pytest.raises(OSError, match=r"^there is no .*: `mpremote connect list` shows"):
            Session(board.port)
    finally:
        board.close()
