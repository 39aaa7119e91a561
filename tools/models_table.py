#!/usr/bin/env python3
"""What the importers make of a folder of models (`make models MODELS=folder`): for each file
whether it is taken or why not, its outputs against those of its own runtime, the RAM with the last
two layers trainable, and the loss before and after some steps on the desk's core. .pt2 files are
taken with --trust behind the folder alone: PyTorch unpickles them."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from fqt import core
from fqt.file.layout import MAX_LAYERS
from fqt.file.model_file import ModelFile
from fqt.importers.convert import READERS, quantized, read_network
from fqt.importers.lower import identity
from fqt.importers.network import Network
from fqt.importers.runtimes import random_samples, runtime_of
from fqt.importers.to_int8 import to_int8
from fqt.importers.torch import SUFFIX
from fqt.train.closeness import of_places

SAMPLES = 50
STEPS = 200
RATE = 0.01
TRAINABLE = "last:2"
HEADINGS = ("file", "taken", "largest difference", "exact", "same class", "RAM, bytes", "loss")


def samples_for(network: Network, count: int, seed: int = 1) -> np.ndarray:
    """Random samples as a source takes them: all over the range of an int8 network's input, else
    normal."""
    if network.is_int8:
        return random_samples(network, count, seed)
    shape = (count, *network.source_shape)
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def compare(network: Network, model: ModelFile, run: Callable) -> tuple[float, float, float]:
    """(largest difference, share that is equal, share of samples with the same class). Of int8
    networks differences are in units of the last int8 tensor, of float ones relative to the
    largest output. run: its source's runtime."""
    given = samples_for(network, SAMPLES)
    theirs = run(given)
    taken = network.arrange(given)
    ours = core.Model(model).outputs(taken)
    places = (of_places(model.loss, one, model.classes) for one in (ours, theirs))
    classes = same_class(*places)
    if not network.is_int8:
        difference = np.abs(ours - theirs) / np.abs(theirs).max()
        return float(difference.max()), np.nan, classes
    last = model.layers[-1]
    theirs = np.round(theirs / last.output_scale) + last.output_zero_point
    difference = np.abs(int8_outputs(network, taken, ours) - theirs)
    return float(difference.max()), float((difference == 0).mean()), classes


def int8_outputs(network: Network, taken: np.ndarray, ours: np.ndarray) -> np.ndarray:
    """The last layer's int8 output, which a device does not make: read through one more layer
    where there is room for it, else rounded from the sums in Q16."""
    assert network.nodes[-1].quantization is not None
    scale = network.nodes[-1].quantization.scales[0]
    zero_point = network.nodes[-1].quantization.zero_points[0]
    if len(network.nodes) < MAX_LAYERS:
        nodes = [*network.nodes, replace(identity(network.nodes), name="behind")]
        ours = core.Model(to_int8(replace(network, nodes=nodes), ())).outputs(taken)
    return np.clip(np.floor(ours / scale + 0.5) + zero_point, -128, 127)


def same_class(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The share of samples, or pixels, whose greatest output is the same; of equal ones any."""
    if ours.shape[1] == 1:
        return np.nan
    rows = np.arange(len(ours))
    return float((theirs[rows, ours.argmax(axis=1)] == theirs.max(axis=1)).mean())


def losses(model, x: np.ndarray) -> tuple[float, float]:
    """Mean losses of made-up targets before and after STEPS steps."""
    net = core.Model(model)
    rng = np.random.default_rng(2)
    if model.loss == "softmax_cross_entropy":
        targets = rng.integers(0, model.outputs, len(x))
    elif model.is_pixelwise:
        targets = rng.integers(0, model.classes, (len(x), model.pixels))
    else:
        targets = rng.uniform(0, 1, (len(x), model.outputs)).astype(np.float32)
    before = float(net.losses(x, targets).mean())
    net.train_many(x, targets, rng.integers(0, len(x), STEPS), RATE)
    return before, float(net.losses(x, targets).mean())


def row(path: Path, trust: bool) -> list[str]:
    try:
        network = read_network(path, trust=trust)
    except ValueError as error:
        return [path.name, str(error).removeprefix(f"{path}: "), *[""] * 5]
    size = f"{len(network.nodes)} layers, " + ("int8" if network.is_int8 else "float32")
    runtime = runtime_of(network)
    if isinstance(runtime, str):
        return [path.name, size, runtime, *[""] * 4]
    calibrate = None if network.is_int8 else samples_for(network, 100, seed=3)
    model = quantized(network, calibrate, TRAINABLE)
    difference, exact, classes = compare(network, model, runtime[1])
    before, after = losses(model, network.arrange(samples_for(network, 20, seed=4)))
    return [
        path.name,
        size,
        f"{difference:.0f}" if network.is_int8 else f"{100 * difference:.1f} %",
        "" if np.isnan(exact) else f"{100 * exact:.2f} %",
        "" if np.isnan(classes) else f"{100 * classes:.0f} %",
        f"{core.Model(model).memory:,}",
        f"{before:.3g} to {after:.3g}",
    ]


def main() -> None:
    folder, trust = Path(sys.argv[1]), "--trust" in sys.argv[2:]
    suffixes = (*READERS, SUFFIX) if trust else tuple(READERS)
    paths = sorted(path for path in folder.rglob("*") if path.suffix in suffixes)
    if not paths:
        raise SystemExit(f"{folder} has no files that end in {', '.join(suffixes)}")
    print("| " + " | ".join(HEADINGS) + " |\n" + "|---" * len(HEADINGS) + "|")
    for path in paths:
        print("| " + " | ".join(row(path, trust)) + " |", flush=True)


if __name__ == "__main__":
    main()
