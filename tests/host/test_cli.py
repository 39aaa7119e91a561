"""The command `fqt`, and the errors of what users pass."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from fqt import core
from fqt.cli import main
from fqt.reference import Network


def test_info_prints_the_table(small_model, tmp_path, capsys):
    path = tmp_path / "small.fqt"
    small_model.write(path)
    assert main(["info", str(path)]) == 0
    printed = capsys.readouterr().out
    assert "conv2d_1" in printed and "2x2x4" in printed and "yes" in printed
    for master in (8, 12, 16):
        assert f"{core.Model(small_model, master).memory} bytes" in printed


def test_info_as_json(small_model, tmp_path, capsys):
    path = tmp_path / "small.fqt"
    small_model.write(path)
    assert main(["info", "--json", str(path)]) == 0
    info = json.loads(capsys.readouterr().out)
    assert info["parameters"] == 40 + 51
    assert info["multiply_adds"] == 4 * 36 + 48
    assert info["ram"]["master=16"]["from_file"] == core.Model(small_model, 16).memory


def test_info_suggests_the_bits_that_fit(capsys, tmp_path, small_model):
    path = tmp_path / "small.fqt"
    path.write_bytes(small_model.to_bytes())
    needed = {master: core.Model(small_model, master).memory for master in (8, 12)}
    for room, master in ((needed[12], 12), (10**6, 12), (needed[12] - 1, 8), (needed[8], 8)):
        assert main(["info", str(path), "--suggest", str(room)]) == 0
        assert capsys.readouterr().out == f"master={master}: {needed[master]} of {room} bytes\n"
    assert main(["info", str(path), "--suggest", str(needed[8] - 1)]) == 1
    assert f"takes {needed[8]} bytes with master=8" in capsys.readouterr().err


def test_errors_are_one_line(tmp_path, capsys):
    assert main(["info", str(tmp_path / "none.fqt")]) == 1
    (tmp_path / "bad.fqt").write_bytes(b"hello")
    assert main(["info", str(tmp_path / "bad.fqt")]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("fqt info:") and "none.fqt" in lines[0]
    assert "5 bytes" in lines[1]


def test_data_are_for_the_reference_networks(capsys):
    assert main(["bench", "model.fqt", "--data", "folder"]) == 1
    assert "leave out the file" in capsys.readouterr().err


@pytest.mark.parametrize("kind", [Network, core.Model])
def test_wrong_inputs_are_refused(kind, small_model, frozen_model):
    net = kind(small_model)
    x = np.zeros((6, 6, 1), np.uint8)
    wrong = [
        (lambda: net.predict(x[:5]), "36 elements"),
        (lambda: net.predict(x.astype(np.int16)), "input must be uint8"),
        (lambda: net.predict(np.full((6, 6), np.nan)), "element 0 is not a finite"),
        (lambda: net.train(x, 3), "label must be 0 to 2"),
        (lambda: net.train(x, -1), "label"),
        (lambda: net.train(x, 0, lr=float("nan")), "lr must be"),
        (lambda: net.train(x, 0, lr=-1), "lr must be"),
        (lambda: kind(small_model, 10), "master is 8, 12 or 16"),
        (lambda: kind(frozen_model).train(np.zeros((4, 4, 2), np.int8), 0), "no layer trains"),
    ]
    before = net.to_bytes()
    for call, message in wrong:
        with pytest.raises(ValueError, match=message):
            call()
    assert net.to_bytes() == before


def test_a_missing_library_says_what_to_run(monkeypatch):
    with pytest.raises(OSError, match="make core"):
        core.library("/nowhere/libfqt_core.so")


def test_info_says_what_to_run_without_the_library(small_model, tmp_path, monkeypatch, capsys):
    path = tmp_path / "small.fqt"
    small_model.write(path)
    monkeypatch.setenv("FQT_CORE_LIB", str(tmp_path / "none.so"))
    core.library.cache_clear()
    assert main(["info", str(path)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("fqt info:") and "make core" in line


def test_output_that_nobody_reads_ends_a_command_quietly(small_model, tmp_path):
    """`fqt info MODEL | head` told "Broken pipe"."""
    small_model.write(tmp_path / "m.fqt")
    model = str(tmp_path / "m.fqt")
    for arguments, unbuffered in ((["info", model], "1"), (["info", model], ""), (["--help"], "")):
        process = subprocess.Popen(
            [sys.executable, "-m", "fqt.cli", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        )
        process.stdout.close()
        assert (process.stderr.read(), process.wait()) == (b"", 141)
        process.stderr.close()


def test_version(capsys):
    with pytest.raises(SystemExit) as exit_:
        main(["--version"])
    assert exit_.value.code == 0
    assert capsys.readouterr().out.strip()[0].isdigit()


def test_many_samples_that_do_not_fit_are_refused(small_model):
    """Their pointers go to C: nothing may be shorter than what it reads."""
    net = core.Model(small_model)
    x, y = np.zeros((4, 6, 6, 1), np.uint8), np.array([0, 1, 2, 0])
    before = net.to_bytes()
    for call, message in (
        (lambda: net.evaluate(x, y[:2]), "4 samples need as many integer labels"),
        (lambda: net.evaluate(x, np.stack([y, y], 1)), "integer labels"),
        (lambda: net.evaluate(x, y / 2), "integer labels, not float64"),
        (lambda: net.evaluate(x, y + 1), "label must be 0 to 2, not 3"),
        (lambda: net.evaluate(x[:0], y[:0]), "no samples"),
        (lambda: net.evaluate(x[:, :5], y), "36 elements, not 30"),
        (lambda: net.train_many(x, y[:2], [0], 0.1), "integer labels"),
        (lambda: net.train_many(x, y, [4], 0.1), "order names sample 4, there are 4"),
        (lambda: net.train_many(x, y, np.array([-1]), 0.1), "order names sample -1, there are 4"),
    ):
        with pytest.raises(ValueError, match=message):
            call()
    assert net.to_bytes() == before


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_a_model_that_was_not_made_is_closed_quietly(small_model):
    with pytest.raises(ValueError, match="master"):
        core.Model(small_model, 10)
