"""The page's side of a board's serial line, run by node against boards that are made there: raw
paste mode and without it, and a sentence for each thing that goes wrong."""

import json
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow  # with the others that need node

SCRIPT = Path(__file__).resolve().parent / "repl_in_node.mjs"


@pytest.fixture(scope="module")
def told():
    command = ["node", str(SCRIPT)]
    result = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return json.loads(result.stdout)


@pytest.mark.parametrize("kind_of_board", ["paste", "no_paste", "old"])
def test_code_arrives_whole_and_what_it_prints_comes_back(told, kind_of_board):
    of_board = told[kind_of_board]
    assert of_board["isWhole"] and of_board["ran"] == 2
    assert of_board["printed"] == 2 * ["gr\u00fcn\nzwei\n"]
    assert of_board["lines"] == 2 * ["gr\u00fcn", "zwei"]


@pytest.mark.parametrize(
    "case, sentence",
    [
        ("taken", "cannot be opened: close what else uses it"),
        ("deaf", "does not answer as MicroPython does. It is busy or hangs: press its reset"),
        ("silent", "said nothing for 10 seconds. It is busy or hangs"),
        ("gone", "The connection to the board is lost: see its cable"),
        ("stopped", "The board says KeyboardInterrupt: it was stopped"),
        ("memory", "The board says MemoryError: memory allocation failed: it lacks RAM"),
        ("put_gone", "fqt.mpy was not written, what was there is whole. The connection"),
        ("put_full", "what was there is whole. The board says OSError: [Errno 28] ENOSPC: its"),
    ],
)
def test_what_goes_wrong_is_a_sentence(told, case, sentence):
    error = told[case]["error"]
    assert sentence in error and "\n" not in error


def test_half_a_file_is_removed(told):
    assert told["put_full"]["last"] == 'os.remove("/lib/fqt.mpy.new")'


def test_what_a_board_runs_is_ended(told):
    assert told["looping"] == "3\n"
