"""What commands print: JSON wherever there are figures, colours where a terminal is and nobody
said NO_COLOR."""

import io
import json

import numpy as np
import pytest
from documents import ROOT

from fqt import Dense, Flatten, Sequential, cli, quantize, terminal

DEMO = ROOT / "examples" / "rotated_digits"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    net = Sequential([Flatten(), Dense(3)], (2, 2, 1), name="small")
    x = np.random.default_rng(0).integers(0, 256, (30, 2, 2, 1)).astype(np.uint8)
    quantize(net, x / np.float32(255)).write("small.fqt")
    np.savez("samples.npz", x=x, y=np.arange(30) % 3)
    return tmp_path


COMMANDS = {
    "info small.fqt": ("layers", "ram"),
    "info small.fqt --board pico": ("board", "calls"),
    "info small.fqt --suggest 20000": ("suggestion",),
    "data samples.npz": ("samples", "shape", "classes"),
    "train small.fqt samples.npz --epochs 1": ("epochs", "seconds"),
    "eval small.fqt samples.npz": ("value", "confusion"),
    "bench small.fqt --on core": ("medians", "predict"),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_figures_come_as_json(command, files, capsys):
    assert cli.main([*command.split(), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(COMMANDS[command]) <= told.keys()
    assert cli.main(command.split()) == 0
    assert not capsys.readouterr().out.startswith("{")


@pytest.mark.slow
def test_convert_tells_its_report_as_json(files, capsys):
    linear = pytest.importorskip("sklearn.linear_model")
    joblib = pytest.importorskip("joblib")
    x = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)
    joblib.dump(linear.LogisticRegression().fit(x, x[:, 0] > 0), "net.joblib")
    np.savez("x.npz", x=x)
    assert cli.main(["convert", "net.joblib", "--trust", "--calibrate", "x.npz", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["file"] == "net.fqt" and told["report"]["outputs"]["count"] == 60
    assert told["report"]["layers"][0]["name"] == "input"


def test_doctor_tells_all_as_json(capsys):
    cli.main(["doctor", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert {"fqt", "Python", "core"} <= {finding["what"] for finding in found}


def test_data_without_classes_tells_its_targets(files, capsys):
    np.savez("numbers.npz", x=np.zeros((4, 2), np.float32), y=np.float32([0, 1, 2, 3]))
    cli.main(["data", "numbers.npz", "--json"])
    told = json.loads(capsys.readouterr().out)
    assert told["targets"] == [{"mean": 1.5, "deviation": pytest.approx(1.118, rel=1e-3)}]


def test_numbers_that_json_lacks_are_null():
    odd = {"a": [np.float32(0.5), float("nan")], "b": (float("inf"), np.int64(3))}
    assert terminal.finite(odd) == {"a": [0.5, None], "b": [None, 3]}


def test_colours_are_for_terminals_that_want_them(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    text, head = "small: 3\n  ! it is wrong", r"^\w+:"
    assert terminal.painted(text, io.StringIO(), head) == text
    painted = terminal.painted(text, Terminal(), head)
    assert painted == "\033[1msmall:\033[0m 3\n\033[31m  ! it is wrong\033[0m"
    monkeypatch.setenv("NO_COLOR", "1")
    assert terminal.painted(text, Terminal(), head) == text
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert terminal.painted(text, Terminal(), head) == text


def test_a_table_in_a_terminal_is_the_plain_one_with_colours(files, monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    said = {}
    for stream in (Terminal(), io.StringIO()):
        monkeypatch.setattr("sys.stdout", stream)
        assert cli.main(["info", str(DEMO / "upright.fqt")]) == 0
        said[stream.isatty()] = stream.getvalue()
    assert "\033[1m  layer " in said[True] and "\033[32myes\033[0m" in said[True]
    plain = said[True]
    for code in (terminal.HEAD, terminal.GOOD, terminal.BAD, terminal.PLAIN):
        plain = plain.replace(code, "")
    assert plain == said[False]
