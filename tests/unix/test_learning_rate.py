"""The rule of docs/learning_rate.md, as it is written there, runs under MicroPython."""

import re
from pathlib import Path

import numpy as np

from fqt import Dense, Sequential, core, quantize

DOCUMENT = Path(__file__).resolve().parents[2] / "docs/learning_rate.md"
BEFORE = """
import fqt
net = fqt.Model("net.fqt")
with open("x", "rb") as file:
    data = file.read(), bytes(i % 3 for i in range(90))
"""
AFTER = """
print(sorted(losses.values()))
print(losses[min(losses)])
net.save("trained.fqt")
"""


def test_it_chooses_a_rate_and_trains(unix_port):
    """Three classes that noise hides, with weights that 0.1 makes run away."""
    rng = np.random.default_rng(1)
    labels = np.arange(90) % 3
    x = np.clip(60 + 40 * np.eye(3)[labels] + rng.normal(0, 20, (90, 3)), 0, 255).astype(np.uint8)
    net = Sequential([Dense(16, activation="relu"), Dense(3)], (1, 1, 3))
    unix_port.put("net.fqt", quantize(net, x / np.float32(255)).to_bytes())
    unix_port.put("x", x.tobytes())
    code = re.search(r"```python\n(.*?)```", DOCUMENT.read_text(), re.S)[1]
    *printed, tried, chosen = unix_port.run_code(BEFORE + code + AFTER).splitlines()
    assert tried == "[0.003, 0.01, 0.03, 0.1]"
    assert f"lr {float(chosen):.5f}" in printed[0] and len(printed) == 20
    trained = core.Model(unix_port.get("trained.fqt"))
    assert trained.steps == 20 * 90
    assert trained.evaluate((x.tobytes(), labels)) > 0.85
