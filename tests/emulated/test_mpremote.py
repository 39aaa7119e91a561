"""mpremote as users use it, and a REPL session typed line by line."""

import json
import time
from pathlib import Path

import pytest
import serial

from fqt.cli import main
from fqt.device.session import Session
from fqt.emulator import KINDS, Board, Kind, module

pytestmark = pytest.mark.slow
DIST = Path(__file__).parents[2] / "dist"
M4F = next(kind for kind in KINDS if kind.board == "CORTEX_M4F")


@pytest.fixture
def bare_board(tmp_path):
    """A board without the module."""
    board = Board(M4F, tmp_path)
    yield board
    board.close()


@pytest.fixture
def folder(tmp_path, small_model):
    """What a user has in a folder: the module, a model, a script."""
    (tmp_path / "fqt.mpy").write_bytes(module(M4F.architecture).read_bytes())
    small_model.write(tmp_path / "small.fqt")
    lines = [
        "import fqt",
        "net = fqt.Model('small.fqt')",
        "net.train(bytes(36), 1)",
        "print(net.steps, net.memory)",
    ]
    (tmp_path / "script.py").write_text("\n".join(lines) + "\n")
    return tmp_path


def test_cp_and_run(bare_board, folder):
    bare_board.mpremote("cp", "fqt.mpy", "small.fqt", ":")
    steps, memory = bare_board.mpremote("run", "script.py").split()
    assert steps == "1" and int(memory) > 400


def test_mount_and_run(bare_board, folder):
    """Nothing is copied: the module and the model come over the serial line when they are
    opened."""
    printed = bare_board.mpremote("mount", ".", "run", "script.py")
    assert "1 " in printed
    assert "fqt.mpy" not in bare_board.mpremote("ls", ":/")


def test_a_model_saved_to_a_mounted_folder_arrives_on_the_host(bare_board, folder):
    (folder / "save.py").write_text(
        "import fqt\nnet = fqt.Model('small.fqt', master=8)\n"
        "net.train(bytes(36), 1)\nnet.save('saved.fqt')\n"
    )
    bare_board.mpremote("mount", ".", "run", "save.py")
    assert (folder / "saved.fqt").stat().st_size == (folder / "small.fqt").stat().st_size
    assert (folder / "saved.fqt").read_bytes() != (folder / "small.fqt").read_bytes()


def test_mip_installs_from_the_dist_folder(bare_board):
    package = DIST / "armv7emsp_6.3" / "package.json"
    assert json.loads(package.read_text())["urls"]
    bare_board.mpremote("mip", "install", str(package))
    assert "<class 'Model'>" in bare_board.mpremote("exec", "import fqt; print(fqt.Model)")


def test_a_repl_session_typed_line_by_line(bare_board, folder):
    bare_board.mpremote("cp", "fqt.mpy", "small.fqt", ":")
    with serial.Serial(bare_board.port, 115200, timeout=0.2) as line:

        def type_line(text):
            line.write(text.encode() + b"\r")
            answer, deadline = b"", time.monotonic() + 20
            while not answer.endswith((b">>> ", b"... ")) and time.monotonic() < deadline:
                answer += line.read(4096)
            return answer.decode()

        type_line("\x03\x02")
        type_line("import fqt")
        assert "conv2d_1" in type_line("net = fqt.Model('small.fqt'); net")
        type_line("for i in range(30): net.train(bytes(36), 1, lr=0.05)")
        type_line("")
        assert "30" in type_line("net.steps")
        assert "1\r\n" in type_line("net.predict(bytes(36))")
        answer = type_line("net.train(bytes(36), 7)")
        assert "ValueError: label must be 0 to 2" in answer


def test_the_module_of_another_architecture_is_refused(bare_board, folder):
    with Session(bare_board.port) as session:
        session.put("fqt.mpy", module("rv32imc").read_bytes())
    assert "incompatible .mpy" in bare_board.mpremote("exec", "import fqt", check=False)


@pytest.mark.parametrize("kind", KINDS[1:], ids=str)
def test_fqt_install_puts_the_module_that_fits(kind, tmp_path, capsys):
    board = Board(kind, tmp_path)
    try:
        assert main(["install", "--port", board.port, "--dist", str(DIST)]) == 0
        assert "is on the board as /lib/fqt.mpy" in capsys.readouterr().out
        assert board.get("/lib/fqt.mpy") == module(kind.architecture).read_bytes()
    finally:
        board.close()


def test_a_firmware_without_a_native_loader_is_told_what_to_do(tmp_path, capsys):
    board = Board(Kind("NO_NATIVE", "none", "mps2-an385"), tmp_path)
    try:
        assert main(["install", "--port", board.port, "--dist", str(DIST)]) == 1
        assert "without a loader for native code" in capsys.readouterr().err
    finally:
        board.close()


def test_an_architecture_that_was_not_built_is_named(bare_board, tmp_path, capsys):
    assert main(["install", "--port", bare_board.port, "--dist", str(tmp_path)]) == 1
    assert "make dist ARCH=armv7emsp" in capsys.readouterr().err
