"""The page trains on a board, in Chromium, over a Web Serial that ends at an emulated board: the
module goes there, the bytes are the core's; and what goes wrong. `make test-page` runs it."""

import contextlib
import hashlib
import re

import pytest
from board_line import STUB, Line, served_with
from browser import Browser
from pages import FOLDER, NEED_CHROMIUM, click, drop, on_the_desk, open_page, screenshot, text

from fqt.device.session import Session
from fqt.emulator import KINDS, Board, Kind
from models import Layer, random_model

pytestmark = NEED_CHROMIUM
M4F = next(kind for kind in KINDS if kind.board == "CORTEX_M4F")
NO_LOADER = Kind("NO_NATIVE", "none", "mps2-an385")
MODULE = FOLDER / "board" / M4F.architecture / "fqt.mpy"
PATIENCE = 300  # seconds; an emulated line takes about 10 KB a second, a tenth when much else runs
DIGEST = """
import binascii, hashlib
print(binascii.hexlify(hashlib.sha256(open('/lib/fqt.mpy', 'rb').read()).digest()).decode())
"""


@pytest.fixture(scope="module")
def model():
    """A small one, so that an emulated board is soon done."""
    return random_model([Layer("dense", 10)], (8, 8, 1), seed=5)


@pytest.fixture
def connected(tmp_path, model):
    """Opens the page with `model`, and a board on its line; gives page, line and board."""
    with contextlib.ExitStack() as stack:

        def connect(kind=M4F):
            board = Board(kind, tmp_path)
            stack.callback(board.close)
            line = Line(board.port)
            address = stack.enter_context(served_with(FOLDER, line))
            page = Browser(tmp_path)
            stack.callback(page.close)
            open_page(page, address, STUB)
            drop(page, "small.fqt", model.to_bytes())
            page.wait("document.getElementById('layers').children.length === 2")
            return page, line, board

        yield connect


def wait_for(page, name, sign):
    text = f"document.getElementById({name!r}).textContent"
    page.wait(f"{text}.includes({sign!r})", PATIENCE)


def test_a_board_trains_to_the_pages_bytes(connected, model):
    """At first its cable is pulled while it trains."""
    page, line, board = connected()
    with Session(board.port) as session:
        session.put("/random.fqt", b"another one, which stays")
    click(page, "board-train")
    wait_for(page, "board-status", "Copying /lib/fqt.mpy")
    screenshot(page, "copying")
    wait_for(page, "board-status", "Training")
    line.pull()
    wait_for(page, "board-trouble", "The connection to the board is lost: see its cable")
    page.wait("!document.getElementById('board-train').disabled")
    screenshot(page, "pulled")
    page.wait("document.getElementById('progress').textContent.startsWith('Trained')")

    line.mend()
    click(page, "reset")
    page.wait("document.getElementById('progress').textContent.startsWith('Before')")
    click(page, "board-train")
    wait_for(page, "board-status", "qual")
    screenshot(page, "board")
    told = text(page, "board-status")
    desk = on_the_desk(model)
    assert told.startswith("Equal: after 6,000 samples")
    assert f"{desk.memory:,} bytes of RAM" in told
    click(page, "board-keep")
    wait_for(page, "board-status", "is on the board")
    screenshot(page, "kept")
    path = re.search(r"Model\('(.*)'\)", text(page, "board-hint"))[1]
    with Session(board.port) as session:
        assert path == "/random_2.fqt" and session.get(path) == desk.to_bytes()
        assert session.get("/random.fqt") == b"another one, which stays"
        wanted = hashlib.sha256(MODULE.read_bytes()).hexdigest()
        assert session.run(DIGEST).strip() == wanted
        files = session.run("import os; print(sorted(os.listdir('/')), os.listdir('/lib'))")
    modules = ["fqt.mpy", "fqt_data.mpy", "fqt_field.mpy"]
    assert files.strip() == f"{['lib', 'random.fqt', 'random_2.fqt']} {modules}"
    assert all("/line/" in error for error in page.errors)  # of the cable


def test_a_board_without_a_loader(connected):
    page, _, _ = connected(NO_LOADER)
    click(page, "board-train")
    wait_for(page, "board-trouble", "has no loader for native modules: flash the official")
    page.wait("!document.getElementById('board-train').disabled")
    screenshot(page, "no_loader")


def test_without_web_serial_it_says_which_browsers_have_it(tmp_path):
    with served_with(FOLDER, None) as address:
        page = Browser(tmp_path)
        try:
            open_page(page, address, "delete Navigator.prototype.serial")
            visible = "getComputedStyle(document.querySelector('#board .without')).display"
            assert page.evaluate(visible) != "none"
            button = "getComputedStyle(document.getElementById('board-train')).display"
            assert page.evaluate(button) == "none"
        finally:
            page.close()
