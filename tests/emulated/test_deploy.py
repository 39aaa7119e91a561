"""`fqt deploy` onto boards as people have them: empty, mounted at /flash, with an older module,
without a loader, full, too small, and unplugged at any moment."""

import ast
import os
import random
import re
import subprocess
import threading
import time
from pathlib import Path

import pytest

from fqt import __version__, core
from fqt.cli import main
from fqt.device.install import QUESTION
from fqt.device.session import Session
from fqt.emulator import KINDS, Board, Kind, module
from models import Layer, random_model

pytestmark = pytest.mark.slow
DIST = Path(__file__).parents[2] / "dist"
M4F = next(kind for kind in KINDS if kind.board == "CORTEX_M4F")
AT_FLASH = Kind("CORTEX_M3", "armv7m", "mps2-an385", builds="flash/firmware")
NO_LOADER = Kind("NO_NATIVE", "none", "mps2-an385")
MODULE = module(M4F.architecture)
DATA_MODULE = DIST / f"{M4F.architecture}_6.3" / "fqt_data.mpy"
HEAP_BYTES = 194560  # of the board, as mk/firmware.mk builds it
KILLS = 20
FLASH_BYTES = 512 * 1024
# Mounts the flash of a board that is gone, and copies its files.
READ_FLASH = """
import os, sys, vfs
class Flash:
    def __init__(self, data):
        self.data = data
    def readblocks(self, number, buffer, offset=0):
        start = number * 512 + offset
        buffer[:] = memoryview(self.data)[start : start + len(buffer)]
    def writeblocks(self, number, buffer, offset=0):
        start = number * 512 + offset
        memoryview(self.data)[start : start + len(buffer)] = buffer
    def ioctl(self, operation, argument):
        return {4: len(self.data) // 512, 5: 512}.get(operation, 0)
with open(sys.argv[1], 'rb') as file:
    data = bytearray(file.read(512 * 1024))
vfs.mount(vfs.VfsLfs2(Flash(data)), '/board')
for name in sys.argv[3:]:
    try:
        with open('/board/' + name, 'rb') as file:
            content = file.read()
    except OSError:
        continue
    with open(sys.argv[2] + '/' + name.replace('/', '_'), 'wb') as file:
        file.write(content)
"""


@pytest.fixture(scope="module")
def used(tmp_path_factory):
    """A board that one test after another deploys to."""
    board = Board(M4F, tmp_path_factory.mktemp("board"))
    yield board
    board.close()


@pytest.fixture
def start(tmp_path):
    """Start a board; each is stopped in the end."""
    boards = []

    def started(kind=M4F, options=()):
        boards.append(Board(kind, tmp_path, options))
        return boards[-1]

    yield started
    for board in boards:
        board.close()


@pytest.fixture
def deployed(tmp_path, capsys, small_model):
    """Run `fqt deploy`; gives its exit code and what it said."""

    def run(board, *more, model=small_model, dist=DIST):
        model.write(tmp_path / "net.fqt")
        arguments = [str(tmp_path / "net.fqt"), "--port", board.port, "--dist", str(dist)]
        code = main(["deploy", *arguments, *more])
        said = capsys.readouterr()
        assert code == 0 or (said.err.count("\n") == 1 and "Traceback" not in said.err)
        return code, said.out + said.err

    return run


def files_in(board, *folders):
    code = f"import os; print([sorted(os.listdir(folder)) for folder in {folders}])"
    return ast.literal_eval(board.mpremote("exec", code))


def test_an_empty_board_and_again(used, deployed, small_model, monkeypatch):
    board = used
    asked, run = [], Session.run
    monkeypatch.setattr(Session, "run", lambda *call: asked.append(call[1]) or run(*call))
    code, said = deployed(board)
    assert code == 0 and f"fqt {__version__} is on the board as /lib/fqt.mpy: " in said
    assert asked.count(QUESTION) == 1
    assert "has the bits of the desk's" in said and "net = fqt.Model('/net.fqt')" in said
    assert board.get("/lib/fqt.mpy") == MODULE.read_bytes()
    assert board.get("/net.fqt") == small_model.to_bytes()
    code, said = deployed(board)
    assert code == 0 and said.count("already") == 2
    installed = ["fqt.mpy", "fqt_data.mpy", "fqt_field.mpy"]
    assert files_in(board, "/", "/lib") == [["lib", "net.fqt"], installed]


def test_what_a_board_learnt_is_not_overwritten(used, deployed, small_model, other_model):
    board = used
    assert deployed(board)[0] == 0
    board.mpremote(
        "exec",
        "import fqt; n = fqt.Model('/net.fqt'); n.train(bytes(36), 1); n.save('/net.fqt')",
    )
    learnt = board.get("/net.fqt")
    code, said = deployed(board)
    assert code == 1 and "has trained further (1 steps, this file 0)" in said
    assert board.get("/net.fqt") == learnt
    code, said = deployed(board, model=other_model)
    assert code == 1 and "is another model" in said
    assert deployed(board, "--force")[0] == 0
    assert board.get("/net.fqt") == small_model.to_bytes()


def test_a_model_that_is_too_large_for_its_ram(start, deployed):
    """It would fit were fqt not there, and is refused before anything is copied."""
    model = random_model([Layer("dense", 250), Layer("dense", 3)], (20, 20, 1), seed=4)
    board = start()
    code, said = deployed(board, model=model)
    assert code == 1 and "bytes of RAM in one piece" in said and "--suggest" in said
    needed, lacking = re.search(r"takes (\d+) bytes .*, (\d+) more than", said).groups()
    room = int(re.search(r"--suggest (\d+)", said)[1])
    assert int(needed) == core.Model(model).memory == room + int(lacking) < HEAP_BYTES
    assert "nothing was copied" in said and files_in(board, "/") == [[]]
    code, said = deployed(board, "--force", model=model)
    assert code == 1 and "/net.fqt is on the board, but takes" in said
    assert board.get("/net.fqt") == model.to_bytes()
    code, said = deployed(board, model=model)  # the longest piece beside the module
    assert code == 1 and 0 < int(re.search(r"--suggest (\d+)", said)[1]) < room + 4000


def test_a_full_board_keeps_what_it_has(used, deployed, small_model, other_model):
    board = used
    assert deployed(board, "--force", model=small_model)[0] == 0
    fill = "f = open('/fill', 'ab')\ntry:\n  while 1: f.write(bytes(256)); f.flush()\n"
    fill += "except OSError: pass"
    board.mpremote("exec", fill)
    code, said = deployed(board, "--force", model=other_model)
    assert code == 1 and "remove what is not needed" in said
    assert board.get("/net.fqt") == small_model.to_bytes()
    board.mpremote("rm", ":/lib/fqt.mpy", "+", "exec", fill)
    code, said = deployed(board, model=small_model)
    assert code == 1 and "/lib has " in said and "the module takes" in said


def test_a_board_that_mounts_flash_elsewhere(start, deployed, small_model):
    board = start(AT_FLASH)
    code, said = deployed(board)
    assert code == 0 and "as /flash/lib/fqt.mpy" in said and "'/flash/net.fqt'" in said
    assert board.get("/flash/net.fqt") == small_model.to_bytes()


def test_older_modules_give_way(start, deployed, tmp_path):
    """The one that wins is replaced where it lies, those behind it go."""
    board = start()
    older = small_module(tmp_path / "older", "0.1.9")
    with Session(board.port) as session:
        session.run("import os; os.mkdir('/lib')")
        for name in ("fqt", "fqt_data"):
            session.put(f"/lib/{name}.mpy", older)
            session.put(f"/{name}.mpy", older)
    code, said = deployed(board)
    assert code == 0 and f"fqt {__version__} is on the board as /fqt.mpy, was 0.1.9" in said
    for name in ("fqt", "fqt_data"):
        assert f"/lib/{name}.mpy, which it does not find, was removed" in said
    assert board.get("/fqt.mpy") == MODULE.read_bytes()
    assert board.get("/fqt_data.mpy") == DATA_MODULE.read_bytes()
    there = [["fqt.mpy", "fqt_data.mpy", "lib", "net.fqt"], ["fqt_field.mpy"]]
    assert files_in(board, "/", "/lib") == there


def test_a_board_without_a_loader(start, deployed):
    code, said = deployed(start(NO_LOADER))
    assert code == 1 and "without a loader for native code" in said


def small_module(folder, version=__version__):
    """A module that is copied soon, and knows no more than to be loaded."""
    folder.mkdir(parents=True)
    lines = [f"__version__ = '{version}'", "class Model:", "    outputs = 3", "    memory = 0"]
    lines += ["    def __init__(self, path): pass", "    def scores(self, x, out): pass"]
    (folder / "fqt.py").write_text("\n".join(lines) + "\n")
    compiler = os.environ["FQT_BUILD"] + "/mpy-cross/mpy-cross"
    subprocess.run([compiler, "-o", folder / "fqt.mpy", folder / "fqt.py"], check=True)
    return (folder / "fqt.mpy").read_bytes()


def test_unplugged_at_any_moment(start, deployed, unix_port, tmp_path, small_model, other_model):
    """The flash of the board outlives it: each file in it is the old one or the new one."""
    image = tmp_path / "flash"
    with open(image, "wb") as file:
        file.truncate(16 << 20)
    memory = f"memory-backend-file,id=flash,mem-path={image},size=16M,share=on"
    keeps_flash = ("-machine", "memory-backend=flash", "-object", memory)
    board = start(options=keeps_flash)
    older = small_module(tmp_path / "older", "0.1.9")
    with Session(board.port) as session:
        session.put("/fqt.mpy", older)
        session.put("/net.fqt", other_model.to_bytes())
    board.close()
    before = image.read_bytes()[:FLASH_BYTES]
    (tmp_path / "read.py").write_text(READ_FLASH)
    newer = small_module(tmp_path / "dist" / f"{M4F.architecture}_6.3")
    draw = random.Random(1)
    seconds = 0.0  # a run that is not disturbed comes first
    found = set()
    for _ in range(1 + KILLS):
        with open(image, "r+b") as file:
            file.write(before)
        board = start(options=keeps_flash)
        timer = threading.Timer(draw.uniform(0, seconds) or 600, board.emulator.kill)
        began = time.monotonic()
        timer.start()
        _, said = deployed(board, "--force", dist=tmp_path / "dist")
        timer.cancel()
        is_whole = "gives other numbers on the board" in said  # as this module does
        seconds = seconds or time.monotonic() - began
        board.close()
        taken = tmp_path / "taken_files"
        taken.mkdir(exist_ok=True)
        arguments = [image, taken, "fqt.mpy", "net.fqt"]
        command = [unix_port.micropython, tmp_path / "read.py", *arguments]
        result = subprocess.run(command, capture_output=True, text=True)
        assert result.returncode == 0, result.stdout + result.stderr
        files = (taken / "fqt.mpy").read_bytes(), (taken / "net.fqt").read_bytes()
        assert files[0] in (older, newer)
        assert files[1] in (other_model.to_bytes(), small_model.to_bytes())
        assert files == (newer, small_model.to_bytes()) or not is_whole
        found.add(files)
    assert len(found) > 1  # some were killed before, some after a file was there
