#!/usr/bin/env python3
"""Training steps a second on this machine (`make speed`): int8 in the core's library, built for
every x86-64 processor and for AVX2, and float32 in numpy and, where it is installed, by PyTorch;
by turns, one sample at a time, all layers. Writes a table in docs/performance.md."""

import importlib.util
import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from unittest.mock import patch

import numpy as np
from tables import ROOT, replace_table

from fqt.experiment.pytorch import PyTorchSequential
from fqt.run import core
from fqt.run.library import has_avx2
from fqt.train import reference_networks
from fqt.train.quantize import quantize

SAMPLES = 100
ROUNDS = 5
SECONDS = 0.7
RATE = 0.001
NETWORKS = {
    name: getattr(reference_networks, name) for name in ("separable", "residual", "time_series")
}


def steps_a_second(train_samples: Callable[[], object]) -> float:
    """Of the processor's seconds, so that others who use the machine do not count."""
    start = time.process_time()
    steps = 0
    while time.process_time() - start < SECONDS:
        train_samples()
        steps += SAMPLES
    return steps / (time.process_time() - start)


def in_int8(model, library: Path, x: np.ndarray, y: np.ndarray) -> Callable[[], object]:
    loaded = core.library(str(library))
    with patch.object(core, "library", lambda: loaded):
        net = core.Model(model)
    return lambda: net.train_many(x, y, np.arange(SAMPLES), RATE)


def has_pytorch() -> bool:
    return importlib.util.find_spec("torch") is not None


def train_an_epoch(net, x: np.ndarray, y: np.ndarray) -> None:
    for _ in net.fit(x, y, lr=RATE):
        pass


def row(name: str, folder: Path) -> str:
    net = NETWORKS[name]()
    x = reference_networks.images(net.input_shape, SAMPLES)
    y = np.arange(SAMPLES) % net.outputs
    real = x / np.float32(255)
    model = quantize(net, real[:64])
    ways = [in_int8(model, folder / f"libfqt_{way}.so", x, y) for way in ("core", "core_avx2")]
    floats = [net, *([PyTorchSequential(net)] if has_pytorch() else [])]
    ways += [partial(train_an_epoch, one, real, y) for one in floats]
    rounds = np.array([[steps_a_second(way) for way in ways] for _ in range(ROUNDS)])
    plain, wide, numpy, *others = np.median(rounds, axis=0)
    pytorch = f"{others[0]:,.0f}" if others else "not installed"
    text = f"| {name} | {plain:,.0f} | {wide:,.0f} | {numpy:,.0f} | {pytorch} "
    text += f"| {wide / plain:.2f} | {wide / numpy:.2f} |"
    print(text)
    return text


def main() -> None:
    if not has_avx2():
        raise SystemExit("this compares builds for AVX2, which this processor does not have")
    folder = Path(os.environ["FQT_BUILD"])
    lines = [
        "| network | int8, any x86-64 | int8, AVX2 | float32, numpy | float32, PyTorch "
        "| AVX2 to any x86-64 | AVX2 to numpy |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [row(name, folder) for name in NETWORKS]
    replace_table(ROOT / "docs/performance.md", "make speed", "\n".join(lines))


if __name__ == "__main__":
    main()
