"""The examples tflite_retrain, voice and camera on an emulated Cortex-M3 with the RP2040's heap
and module, with few of their samples: the line is slow."""

import camera
import pytest
import tflite_retrain
import voice
from training import DATA_MODULE

from fqt.emulator import KINDS, Board, module
from fqt.samples.recordings import HEADER

pytestmark = pytest.mark.slow
RP2040 = next(kind for kind in KINDS if kind.architecture == "armv6m")
REMOVE = """
import os
for name in os.listdir():
    if not name.endswith(".mpy"):
        os.remove(name)
"""


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    board = Board(RP2040, tmp_path_factory.mktemp("board"))
    compiled = module(RP2040.architecture)
    board.put("fqt.mpy", compiled.read_bytes())
    data_module = compiled.with_name(DATA_MODULE.stem + ".mpy")
    board.put(data_module.name, data_module.read_bytes())
    yield board
    board.close()


@pytest.fixture
def board(started):
    """Its file system has room for one example."""
    yield started
    started.mpremote("exec", REMOVE)


def test_tflite_retrain_learns(board, tmp_path):
    files = tflite_retrain.example_files(tmp_path)
    files["test.fqd"] = files["test.fqd"][: HEADER.size + 100 * (5 + 8 * 8)]
    for name, data in files.items():
        board.put(name, data)
    tflite_retrain.check_learnt(board.run(tflite_retrain.EXAMPLE / "main.py"))


def test_voice_hears_what_the_desk_hears(board, tmp_path):
    for name, data in voice.example_files(12).items():
        board.put(name, data)
    script = tmp_path / "hears.py"
    script.write_text(voice.HEARS)
    voice.check_heard(board.run(script))
    printed = board.run(voice.EXAMPLE / "main.py")
    assert "of 6 commands right" in printed and voice.right("after", printed) > 2


def test_camera_learns(board, tmp_path):
    for name, data in camera.example_files(20).items():
        board.put(name, data)
    script = tmp_path / "main.py"
    script.write_text(camera.main_with(12, 8))
    assert camera.share_right(board.run(script)) > 0.5
