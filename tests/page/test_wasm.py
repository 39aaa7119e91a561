"""The core in WebAssembly, run by node: the bytes, losses, memory and error texts of the desk's
library."""

import json
import os
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from fqt import core
from fqt.kinds import KIND_NAMES, KINDS
from fqt.reference.fixed import decayed, shuffle
from models import Layer, random_model

pytestmark = pytest.mark.slow  # needs the build that `make test` makes

HERE = Path(__file__).resolve().parent
RATE = 0.02
SAMPLES = 50


def network():
    layers = [
        Layer("conv2d", 8, (3, 3), (1, 1), (1, 1, 1, 1)),
        Layer("depthwise_conv2d", 8, (3, 3), (1, 1), (1, 1, 1, 1)),
        Layer("max_pool2d", 0, (2, 2), (2, 2)),
        Layer("dense", 16),
        Layer("dense", 10),
    ]
    return random_model(layers, (8, 8, 1), seed=7)


def in_node(folder, file, steps):
    """What train_in_node.mjs prints, and the file it saved (None: none)."""
    rng = np.random.default_rng(3)
    x = rng.integers(0, 256, (SAMPLES, 8, 8, 1), dtype=np.uint8)
    y = rng.integers(0, 10, SAMPLES, dtype=np.uint8)
    (folder / "model.fqt").write_bytes(file)
    (folder / "x").write_bytes(x.tobytes())
    (folder / "y").write_bytes(y.tobytes())
    wasm = Path(os.environ["FQT_BUILD"]) / "wasm/fqt.wasm"
    names = [wasm, folder / "model.fqt", folder / "x", folder / "y"]
    command = ["node", HERE / "train_in_node.mjs", *names, str(steps), str(RATE), folder / "out"]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(result.stdout), x, y


@pytest.mark.parametrize("steps", [1, 1000])
def test_bytes_equal_the_desks(tmp_path, steps):
    model = network()
    told, x, y = in_node(tmp_path, model.to_bytes(), steps)
    desk = core.Model(model, master=12)
    order = np.arange(SAMPLES)
    shuffle(order, 1)
    rates = [decayed(RATE, step, steps) for step in range(steps)]
    losses = desk.train_many(x, y, np.resize(order, steps), rates)
    assert told["losses"] == losses.tolist()
    assert (tmp_path / "out").read_bytes() == desk.to_bytes()
    assert told["memory"] == desk.memory
    assert told["steps"] == steps
    assert told["predicted"] == [int(desk.predict(sample)) for sample in x]
    assert told["scores"] == np.asarray(desk.scores(x[0])).ravel().tolist()


def test_a_bad_file_is_told_as_on_the_desk(tmp_path):
    file = bytearray(network().to_bytes())
    file[64 + 40] ^= 4  # where the first layer's weights lie
    with pytest.raises(ValueError) as of_desk:
        core.Model(bytes(file))
    told, _, _ = in_node(tmp_path, bytes(file), 1)
    assert told == {"error": str(of_desk.value)}


def test_another_loss_is_refused(tmp_path):
    model = random_model([Layer("dense", 10)], (8, 8, 1), loss="mean_squared_error")
    told, _, _ = in_node(tmp_path, model.to_bytes(), 1)
    assert "softmax_cross_entropy" in told["error"]


def test_the_page_names_every_kind():
    source = (Path(__file__).parents[2] / "examples/page/js/model_file.js").read_text()
    listed = re.search(r"const KINDS = \[(.*?)\];", source, re.DOTALL)
    names = [KIND_NAMES[i + 1] for i in range(len(KINDS))]
    assert re.findall(r'"(\w*)"', listed[1]) == ["", *names]
