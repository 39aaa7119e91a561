"""`fqt train` and `fqt eval` on a board, as a user calls them: the core's bytes, and a run that
loses its board goes on."""

import json
import threading
import time

import numpy as np
import pytest

from fqt.cli import main
from fqt.device.session import Session
from fqt.emulator import KINDS, Board, module
from fqt.trainer import kept, on_board
from models import Layer, random_model, random_targets, with_maps

pytestmark = pytest.mark.slow
M4F = next(kind for kind in KINDS if kind.board == "CORTEX_M4F")
SAMPLES = 48


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    """One for all; the last test pulls its cable."""
    board = Board(M4F, tmp_path_factory.mktemp("board"))
    with Session(board.port) as session:
        session.put("fqt.mpy", module(M4F.architecture).read_bytes())
    yield board
    board.close()


@pytest.fixture
def files(tmp_path, small_model):
    rng = np.random.default_rng(1)
    y = rng.integers(0, 3, SAMPLES)
    x = rng.integers(0, 120, (SAMPLES, 6, 6, 1)) + 40 * y[:, None, None, None]
    np.savez(tmp_path / "d.npz", x=x.astype(np.uint8), y=y)
    small_model.write(tmp_path / "m.fqt")
    return [str(tmp_path / "m.fqt"), str(tmp_path / "d.npz")]


def trained_in_core(files, tmp_path, *more):
    assert main(["train", *files, *more, "-o", str(tmp_path / "core.fqt")]) == 0
    return (tmp_path / "core.fqt").read_bytes()


@pytest.mark.parametrize("room_left", [on_board.ROOM_LEFT, 1 << 30])
def test_a_board_trains_and_evaluates_as_the_core(
    board, files, tmp_path, monkeypatch, capsys, room_left
):
    """With the samples in its flash, and where they have no room there over the line."""
    monkeypatch.setattr(on_board, "ROOM_LEFT", room_left)
    more = ["--epochs", "2", "--split", "0.25", "--update-rate", "0.5"]
    wanted = trained_in_core(files, tmp_path, *more)
    output = tmp_path / "board.fqt"
    assert main(["train", *files, *more, "--on", board.port, "-o", str(output)]) == 0
    assert output.read_bytes() == wanted
    assert board.mpremote("ls", ":").split()[2:] == [
        str(len(module(M4F.architecture).read_bytes())),
        "fqt.mpy",
    ]
    capsys.readouterr()
    told = []
    for place in ("core", board.port):
        assert main(["eval", str(output), files[1], "--on", place, "--json"]) == 0
        told.append(json.loads(capsys.readouterr().out))
    assert told[0]["confusion"] == told[1]["confusion"] and told[1]["milliseconds"] > 0


@pytest.mark.parametrize("room_left", [on_board.ROOM_LEFT, 1 << 30])
def test_numbers_of_several_bytes_reach_a_board(board, tmp_path, monkeypatch, room_left):
    """Samples and targets, from its flash and over the line."""
    monkeypatch.setattr(on_board, "ROOM_LEFT", room_left)
    layers = [Layer("dense", 5), Layer("dense", 2)]
    model = random_model(layers, (1, 4, 1), input_type="int8", loss="mean_squared_error")
    model = with_maps(model)
    model.write(tmp_path / "m.fqt")
    rng = np.random.default_rng(1)
    x = rng.integers(-300, 300, (SAMPLES, 1, 4, 1)).astype(np.int16)
    y = np.array(random_targets(model, SAMPLES))
    np.savez(tmp_path / "d.npz", x=x, y=y)
    files = [str(tmp_path / "m.fqt"), str(tmp_path / "d.npz")]
    output = tmp_path / "board.fqt"
    assert main(["train", *files, "--on", board.port, "-o", str(output)]) == 0
    assert output.read_bytes() == trained_in_core(files, tmp_path)


def test_what_a_board_lacks_is_told(tmp_path, files, capsys):
    board = Board(M4F, tmp_path)
    try:
        assert main(["train", *files, "--on", board.port]) == 1
        said = capsys.readouterr().err
        assert "no module named 'fqt'" in said and "fqt install" in said
    finally:
        board.close()
    assert main(["eval", *files, "--on", board.port]) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert main(["eval", *files, "--on", "emulated:z80"]) == 1
    assert "emulated boards are m0p" in capsys.readouterr().err


def test_a_run_that_loses_its_board_goes_on(board, files, tmp_path, capsys):
    more = ["--epochs", "200", "--test", files[1]]
    output = tmp_path / "board.fqt"

    def pull_the_cable():
        while not kept.path_of(output).exists():
            time.sleep(0.05)
        board.emulator.kill()

    thread = threading.Thread(target=pull_the_cable)
    thread.start()
    assert main(["train", *files, *more, "--on", board.port, "-o", str(output)]) == 1
    thread.join()
    said = capsys.readouterr().err
    assert "--resume goes on behind epoch" in said and said.count("\n") == 1
    assert main(["train", *files, *more, "-o", str(output), "--resume"]) == 0
    assert output.read_bytes() == trained_in_core(files, tmp_path, *more)
