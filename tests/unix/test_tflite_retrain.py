"""The example tflite_retrain: the network is LiteRT's to the bit, and learns as its README
says."""

import json
import subprocess
import sys

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from tflite_retrain import EXAMPLE, check_learnt, example_files


@pytest.fixture
def files(tmp_path):
    folder = tmp_path / "made"
    folder.mkdir()
    return folder, example_files(folder)


def test_it_learns_as_its_readme_says(unix_port, files):
    for name, data in files[1].items():
        unix_port.put(name, data)
    printed = unix_port.run(EXAMPLE / "main.py")
    check_learnt(printed)
    readme = (EXAMPLE / "README.md").read_text()
    assert [line for line in printed.splitlines() if f"    {line}\n" not in readme] == []


def litert_s(x: np.ndarray) -> np.ndarray:
    """The file's outputs for samples, int8 [samples][5]."""
    interpreter = Interpreter(str(EXAMPLE / "digits.tflite"))
    interpreter.allocate_tensors()
    (given,), (told,) = interpreter.get_input_details(), interpreter.get_output_details()
    found = []
    for sample in x:
        interpreter.set_tensor(given["index"], sample[None])
        interpreter.invoke()
        found.append(interpreter.get_tensor(told["index"])[0])
    return np.array(found)


def test_outputs_are_litert_s_on_the_device(unix_port, files):
    folder, made = files
    with np.load(folder / "known.npz") as known:
        x, y = known["x"][:50], known["y"][:50]
    shares = litert_s(x)
    unix_port.put("digits.fqt", made["digits.fqt"])
    unix_port.put("x.bin", x.tobytes())
    printed = unix_port.run_code(
        "import fqt, json\n"
        "net = fqt.Model('digits.fqt')\n"
        "x = open('x.bin', 'rb').read()\n"
        "print(json.dumps([net.scores(x, None, i) for i in range(50)]))\n"
    )
    scores = np.array(json.loads(printed))
    ours = np.exp(scores - scores.max(axis=1, keepdims=True))
    ours /= ours.sum(axis=1, keepdims=True)
    theirs = (shares.astype(int) + 128) / 256  # as the file says: 1 / 256, zero point -128
    assert np.abs(ours - theirs).max() < 1.5 / 256
    assert (ours.argmax(axis=1) == y).mean() > 0.95


@pytest.mark.slow
def test_frozen_layers_are_worth_what_the_readme_says(files):
    printed = subprocess.run(
        [sys.executable, EXAMPLE / "compare.py", files[0]],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    # Random weights are drawn and quantized in float32, which may round otherwise elsewhere.
    gains = [float(line.split("gain ")[1].split()[0]) for line in printed.splitlines()]
    assert len(gains) == 2 and gains[0] > 5 and gains[1] > 0, printed
