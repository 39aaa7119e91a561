"""Every Python block of the documents runs, in the order of its page, and sessions print what is
written there: those of the device under MicroPython, those of the host here. The newcomer's path
of docs/getting_started.md is walked."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from documents import DOCUMENTS, ROOT, blocks_of, commands_of

from fqt import Dense, Flatten, Sequential, cli, quantize

pytestmark = pytest.mark.slow

PREAMBLE = """
import fqt
net = fqt.Model("digits.fqt")
x = open("scratch.test.x", "rb").read()
y = open("scratch.test.y", "rb").read()
data = x[:64 * 40], y[:40]
window = x[:64]
"""
# A sensor of int16: docs/data_files.md.
OF_PAGE = {"data_files": "from array import array\nwindow = array('h', range(24))\n"}
# Runs pairs of (statement, what the page says that it prints) as the REPL does.
SESSION = """
import sys
for line in {statements!r}:
    exec(compile(line, "page", "single"))
    print({mark!r})
"""
MARK = "-- end of a statement --"


def is_of_the_host(text: str) -> bool:
    return bool(re.search(r"^(?:from fqt import|import numpy)", text, re.M))


def pages(kind: str, of_the_host: bool = False) -> list:
    return [
        path
        for path in DOCUMENTS
        if any(
            block.kind == kind and is_of_the_host(block.text) == of_the_host
            for block in blocks_of(path)
        )
    ]


def name_of(path) -> str:
    return str(path.relative_to(ROOT))


# The session of the example new_class needs its files: a test of its own runs it.
SESSIONS = [path for path in pages("session") if path.parent.name != "new_class"]


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The folder that `fqt demo` fills, without MicroPython, and the line that it ends with."""
    folder = tmp_path_factory.mktemp("demo")
    environment = {**os.environ, "PATH": str(folder)}
    environment.pop("FQT_MICROPYTHON", None)
    command = [sys.executable, "-m", "fqt.cli", "demo", "--output", folder]
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return folder, said.stdout.splitlines()[-1]


@pytest.fixture
def place(demo, tmp_path, monkeypatch):
    """A folder with the files that pages speak of."""
    folder, _ = demo
    shutil.copy(folder / "digits.fqt", tmp_path)
    for part in "xy":
        shutil.copy(folder / f"scratch.test.{part}", tmp_path)
    motion = Sequential([Flatten(), Dense(4)], (8, 1, 3), name="motion")
    samples = np.random.default_rng(0).normal(0, 1000, (40, 8, 1, 3)).astype(np.float32)
    motion.standardize_data(samples)
    quantize(motion, samples, input_type="int8").write(tmp_path / "motion.fqt")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def digits(place):
    x = np.frombuffer((place / "scratch.test.x").read_bytes(), np.uint8).reshape(-1, 8, 8, 1)
    return x, np.frombuffer((place / "scratch.test.y").read_bytes(), np.uint8)


def micropython(script: str, place) -> str:
    (place / "page.py").write_text(script)
    asyncio = Path(os.environ["FQT_BUILD"]) / "micropython/extmod"  # which has the folder asyncio
    environment = {**os.environ, "MICROPYPATH": f"{os.environ['FQT_MPY_PATH']}:{asyncio}"}
    run = subprocess.run(
        [os.environ["FQT_MICROPYTHON"], "page.py"],
        cwd=place,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


@pytest.mark.parametrize("path", pages("python"), ids=name_of)
def test_code_of_the_device_runs(path, place):
    blocks = [block for block in blocks_of(path) if block.kind == "python"]
    script = "\n".join(block.text for block in blocks if not is_of_the_host(block.text))
    script = re.sub(r"seconds=\d+", "seconds=0.2", script)  # a minute is the page's alone
    micropython(PREAMBLE + OF_PAGE.get(path.stem, "") + script, place)


@pytest.mark.parametrize("path", pages("python", of_the_host=True), ids=name_of)
def test_code_of_the_host_runs(path, place):
    x, y = digits(place)
    np.savez("train.npz", x=x.reshape(-1, 1, 64, 1), y=y)
    names = {"x": x / np.float32(255), "y": y}
    for block in blocks_of(path):
        if block.kind == "python" and is_of_the_host(block.text):
            exec(compile(block.text, str(block), "exec"), names)


@pytest.mark.parametrize("path", SESSIONS, ids=name_of)
def test_sessions_print_what_is_written(path, place):
    for block in blocks_of(path):
        if block.kind != "session":
            continue
        statements, wanted = [], []
        for line in block.text.splitlines():
            if line.startswith(">>> "):
                statements.append(line[4:])
                wanted.append("")
            elif line.startswith("..."):
                statements[-1] += "\n" + line[4:]
            else:
                wanted[-1] += line + "\n"
        script = SESSION.format(statements=[s + "\n" for s in statements], mark=MARK)
        printed = micropython(script, place).split(MARK + "\n")
        assert printed[:-1] == wanted, str(block)


def test_the_demo_ends_as_the_documents_say(demo):
    _, line = demo
    for path in ("README.md", "docs/getting_started.md", "examples/rotated_digits/README.md"):
        assert line in (ROOT / path).read_text().replace("\n    ", "\n").splitlines()


def test_the_path_of_a_newcomer(place, capsys):
    """What needs neither a board nor the network, on data like those of the page."""
    page = ROOT / "docs/getting_started.md"
    x, y = digits(place)
    rows = np.column_stack([x.reshape(len(x), -1), y])
    np.savetxt("gestures.csv", rows, "%d", ",")
    walked = []
    for block in blocks_of(page):
        if block.kind == "python":
            (place / "make_model.py").write_text(block.text)
        for command in commands_of(block.text) if block.kind == "sh" else ():
            program, *words = command.split()
            if program == "python":
                subprocess.run([sys.executable, *words], check=True)
            elif program == "fqt" and words[0] in ("data", "info", "train", "eval"):
                if "--on" not in words:
                    assert cli.main(words) == 0, command
            else:
                continue
            walked.append(words[0])
    assert walked == ["data", "make_model.py", "info", "train", "eval", "train", "train"]
    accuracy = re.findall(r"accuracy ([\d.]+) %", capsys.readouterr().out)[-1]
    assert float(accuracy) > 85  # of 298 samples to train, where the page has 1,347
