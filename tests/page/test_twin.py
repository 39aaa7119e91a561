"""The page's float32 twin of a model learns as the host's float32 network of that file does."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from fqt import float_network
from models import Layer, random_model

pytestmark = pytest.mark.slow  # with the others that need node

SCRIPT = Path(__file__).resolve().parent / "twin_in_node.mjs"
RATE = 0.01
SAMPLES = 30


@pytest.mark.parametrize("low_bits", [0, 4, 8])
@pytest.mark.parametrize("frozen", [0, 1])
def test_losses_and_outputs_are_the_hosts(tmp_path, low_bits, frozen):
    layers = [
        Layer("conv2d", 6, (3, 3), (1, 1), (1, 1, 1, 1), trainable=not frozen),
        Layer("conv2d", 5, (3, 2), (2, 1), (0, 1, 1, 0), activation="relu6"),
        Layer("max_pool2d", 0, (2, 2), (2, 2)),
        Layer("flatten"),
        Layer("dense", 12),
        Layer("dense", 10),
    ]
    model = random_model(layers, (8, 8, 1), seed=5, low_bits=low_bits)
    rng = np.random.default_rng(1)
    x = rng.integers(0, 256, (SAMPLES, 8, 8, 1), dtype=np.uint8)
    y = rng.integers(0, 10, SAMPLES, dtype=np.uint8)
    model.write(tmp_path / "model.fqt")
    (tmp_path / "x").write_bytes(x.tobytes())
    (tmp_path / "y").write_bytes(y.tobytes())
    order = rng.permutation(SAMPLES).tolist()

    names = [str(tmp_path / name) for name in ("model.fqt", "x", "y")]
    command = ["node", str(SCRIPT), *names, json.dumps(order), json.dumps(RATE)]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    told = json.loads(result.stdout)

    net = float_network(model)
    real = x * np.float32(model.input_scale)
    chosen = list(range(frozen, len(layers)))
    losses = []
    for i in order:
        losses.append(net.gradients(real[i : i + 1], y[i : i + 1], chosen, None))
        for number in chosen:
            for key, values in net.layers[number].parameters.items():
                values -= np.float32(RATE) * net.layers[number].gradients[key]
    assert told["losses"] == pytest.approx(losses, rel=1e-3, abs=1e-4)
    expected = net.forward(real[:1]).ravel().tolist()
    assert told["scores"] == pytest.approx(expected, rel=1e-3, abs=1e-3)
