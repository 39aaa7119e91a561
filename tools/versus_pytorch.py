#!/usr/bin/env python3
"""Training steps a second under MicroPython's unix port against PyTorch (`make pytorch`): cnn28,
all layers, stochastic gradient descent on one sample at a time, on this machine, by turns.

PyTorch runs with as many threads as is fastest for it. Writes build/pytorch.json.
"""

import json
import os
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
from tables import ROOT

from fqt.reference_networks import cnn28, images

SAMPLES = 500
ROUNDS = 5
SECONDS = 3
DEVICE_SCRIPT = """
import time
import fqt

net = fqt.Model("cnn28.fqt")
with open("x", "rb") as file:
    x = file.read()
with open("y", "rb") as file:
    y = file.read()
train = net.train
start = time.ticks_ms()
steps = 0
while time.ticks_diff(time.ticks_ms(), start) < %d:
    for i in range(len(y)):
        train(x, y[i], 0.01, i)
    steps += len(y)
print(steps * 1000 / time.ticks_diff(time.ticks_ms(), start))
"""


def steps_on_the_unix_port(folder: Path) -> float:
    """Steps a second."""
    result = subprocess.run(
        [os.environ["FQT_MICROPYTHON"], "train.py"],
        cwd=folder,
        env={**os.environ, "MICROPYPATH": os.environ["FQT_MPY_PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(result.stdout)


class PyTorch:
    """The same network in PyTorch."""

    def __init__(self, x: np.ndarray, y: np.ndarray):
        import torch
        from torch import nn

        self.torch = torch
        torch.manual_seed(1)
        self.net = nn.Sequential(
            nn.Conv2d(1, 8, 3, 2, 1),
            nn.ReLU(),
            nn.Conv2d(8, 16, 3, 2, 1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(784, 64),
            nn.ReLU(),
            nn.Linear(64, 10),
        )
        self.optimizer = torch.optim.SGD(self.net.parameters(), lr=0.01)
        self.loss = nn.CrossEntropyLoss()
        self.x = torch.from_numpy(np.moveaxis(x, 3, 1).astype(np.float32) / 255).contiguous()
        self.y = torch.from_numpy(y.astype(np.int64))

    def steps(self, threads: int, seconds: float) -> float:
        """Steps a second."""
        self.torch.set_num_threads(threads)
        start = time.perf_counter()
        steps = 0
        while time.perf_counter() - start < seconds:
            i = steps % len(self.y)
            self.optimizer.zero_grad()
            loss = self.loss(self.net(self.x[i : i + 1]), self.y[i : i + 1])
            loss.backward()
            self.optimizer.step()
            loss.item()
            steps += 1
        return steps / (time.perf_counter() - start)


def main() -> None:
    try:
        import torch
    except ImportError:
        raise SystemExit("PyTorch is needed: `make pytorch` installs it to build/venv") from None
    model = cnn28()
    x = images(model.input_shape, SAMPLES)
    y = np.arange(SAMPLES, dtype=np.uint8) % model.outputs
    pytorch = PyTorch(x, y)
    threads = max(range(1, (os.cpu_count() or 1) + 1), key=lambda n: pytorch.steps(n, 1))
    rounds = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model.write(folder / "cnn28.fqt")
        (folder / "x").write_bytes(x.tobytes())
        (folder / "y").write_bytes(y.tobytes())
        (folder / "train.py").write_text(DEVICE_SCRIPT % (SECONDS * 1000))
        for _ in range(ROUNDS):
            ours, theirs = steps_on_the_unix_port(folder), pytorch.steps(threads, SECONDS)
            rounds.append({"fqt": round(ours), "pytorch": round(theirs)})
            print(f"steps a second: fqt {ours:,.0f}, PyTorch {theirs:,.0f}")
    ratio = float(np.median([one["fqt"] / one["pytorch"] for one in rounds]))
    print(f"median: {ratio:.1f} times PyTorch {torch.__version__} ({threads} threads)")
    result = {"ratio": round(ratio, 2), "pytorch": torch.__version__, "threads": threads}
    (ROOT / "build/pytorch.json").write_text(json.dumps({**result, "rounds": rounds}) + "\n")


if __name__ == "__main__":
    main()
