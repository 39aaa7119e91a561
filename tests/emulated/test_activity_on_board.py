"""The examples activity and vibration, replay and thresholds on an emulated Cortex-M3 with the
RP2040's heap and module."""

import pytest
import vibration
from activity import check_watched, example_files
from field import FIELD_MODULE, check_replay, check_thresholds
from ports import SCRIPTS
from training import DATA_MODULE

from fqt.emulator import KINDS, Board, module
from fqt.samples.recordings import HEADER

pytestmark = pytest.mark.slow
RP2040 = next(kind for kind in KINDS if kind.architecture == "armv6m")


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    board = Board(RP2040, tmp_path_factory.mktemp("board"))
    board.mpremote("cp", str(module(RP2040.architecture)), ":fqt.mpy")
    for source in (DATA_MODULE, FIELD_MODULE):
        compiled = module(RP2040.architecture).with_name(source.stem + ".mpy")
        board.mpremote("cp", str(compiled), f":{compiled.name}")
    yield board
    board.close()


def test_replay(board, small_model):
    check_replay(board, small_model)


def test_thresholds(board):
    check_thresholds(board)


def test_the_example_learns_and_other_tasks_wait_for_one_step(board, tmp_path):
    files = example_files(tmp_path)
    # A quarter of the windows, which come four times: the line is slow.
    files["wearer.fqd"] = files["wearer.fqd"][: HEADER.size + 60 * (5 + 2 * 64 * 3)]
    board.mpremote("mkdir", ":asyncio")
    for name, data in files.items():
        if name.startswith("asyncio/"):
            path = tmp_path / name.replace("/", "_")
            path.write_bytes(data)
            board.mpremote("cp", str(path), f":{name}")
        else:
            board.put(name, data)
    check_watched(board.run(SCRIPTS / "activity_watched.py"))


def test_the_example_vibration_watches(board, tmp_path):
    for name, data in vibration.example_files(tmp_path).items():
        board.put(name, data)
    vibration.check_watched(board.run(vibration.EXAMPLE / "main.py"))
