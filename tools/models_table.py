#!/usr/bin/env python3
"""What the importers make of a folder of models (`make models MODELS=folder`): for each file
whether it is taken or why not, its outputs against those of its own runtime, the RAM with the last
two layers trainable, and the loss before and after some steps.

    tools/models_table.py FOLDER [--trust] [--on emulated:m4]

--trust: .pt2 files and pickles too, which run code of whoever made them. --on: where the steps are
trained, in place of the desk's core: an emulated board, here with a heap of 2.5 MB; a model
that gives other bytes there than in the core says so.
"""

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from fqt import core
from fqt.file.layout import MAX_LAYERS
from fqt.file.model_file import ModelFile
from fqt.importers.convert import READERS, quantized, read_source
from fqt.importers.lower import identity
from fqt.importers.network import Network
from fqt.importers.runtimes import limited, random_samples, runtime_of
from fqt.importers.sklearn import Estimator
from fqt.importers.sklearn_file import SUFFIXES
from fqt.importers.to_int8 import to_int8
from fqt.importers.torch import SUFFIX
from fqt.train.closeness import of_places
from fqt.train.units import with_units
from fqt.trainer.job import Job, State
from fqt.trainer.on_board import EmulatedBoard
from fqt.trainer.run import Place
from fqt.trainer.score import trained
from fqt.trainer.where import place_of

SAMPLES = 50
STEPS = 200
RATE = 0.01
HEADINGS = ("file", "taken", "largest difference", "exact", "same class", "RAM, bytes", "loss")


def samples_for(network: Network | Estimator, count: int, seed: int = 1) -> np.ndarray:
    """Random samples as a source takes them: all over the range of an int8 network's input, else
    normal, about what scales the input where that is."""
    if isinstance(network, Network) and network.is_int8:
        return random_samples(network, count, seed)
    is_estimator = isinstance(network, Estimator)
    shape = network.net.input_shape[2:] if is_estimator else network.source_shape
    normal = np.random.default_rng(seed).normal(size=(count, *shape)).astype(np.float32)
    if is_estimator:
        return with_units(normal, network.net.input_map)
    return network.as_given(normal.reshape(count, -1)).reshape(normal.shape).astype(np.float32)


def taken_by(network: Network | Estimator, x: np.ndarray) -> np.ndarray:
    """Samples as the device takes them."""
    return network.net.samples(x) if isinstance(network, Estimator) else network.arrange(x)


def compare(
    network: Network | Estimator, model: ModelFile, run: Callable
) -> tuple[float, float, float]:
    """(largest difference, share that is equal, share of samples with the same class). Of int8
    networks differences are in units of the last int8 tensor, of float ones relative to the
    largest output. run: its source's runtime."""
    given = samples_for(network, SAMPLES)
    theirs = run(given)
    taken = taken_by(network, given)
    ours = limited(network, core.Model(model).outputs(taken))
    places = (of_places(model.loss, one, model.classes) for one in (ours, theirs))
    classes = same_class(*places)
    if isinstance(network, Estimator) or not network.is_int8:
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


def losses(model: ModelFile, x: np.ndarray, on: str) -> tuple[float, float]:
    """Mean losses of made-up targets before and after STEPS steps. Raises OSError for a place that
    fails, or gives other bytes than the core."""
    rng = np.random.default_rng(2)
    if model.loss == "softmax_cross_entropy":
        targets = rng.integers(0, model.outputs, len(x)).astype(np.uint16)
    elif model.is_pixelwise:
        targets = rng.integers(0, model.classes, (len(x), model.pixels)).astype(np.uint8)
    else:
        targets = rng.uniform(0, 1, (len(x), model.outputs)).astype(np.float32)
    epochs = STEPS // len(x)
    job = Job(model, x, targets, epochs=epochs, lr=RATE, schedule="constant")
    learnt = checkpoint_of(job, place_of("core"))
    if on != "core" and checkpoint_of(job, large_board(on)) != learnt:
        raise OSError(f"{on} gave other bytes than the core")
    before, after = core.Model(model), core.Model(trained(model, job.master, learnt))
    return tuple(float(net.losses(x, targets).mean()) for net in (before, after))


def checkpoint_of(job: Job, place: Place) -> bytes:
    """What a run of the job ends with."""
    states: list[State] = []
    place.train(job, State(), states.append, lambda: False)
    checkpoint = states[-1].checkpoint
    assert checkpoint is not None
    return checkpoint


def large_board(on: str) -> Place:
    place = place_of(on)
    if isinstance(place, EmulatedBoard):
        place.kind = replace(place.kind, builds="firmware_models")
    return place


def row(path: Path, trust: bool, on: str) -> list[str]:
    try:
        network = read_source(path, trust=trust)
    except (ValueError, RuntimeError) as error:
        return [path.name, str(error).removeprefix(f"{path}: "), *[""] * 5]
    runtime = runtime_of(network)
    if isinstance(network, Estimator):
        size = f"{len(network.net.layers)} layers, float32"
    else:
        size = f"{len(network.nodes)} layers, " + ("int8" if network.is_int8 else "float32")
    if isinstance(runtime, str):
        return [path.name, size, runtime, *[""] * 4]
    is_int8 = isinstance(network, Network) and network.is_int8
    calibrate = None if is_int8 else samples_for(network, 100, seed=3)
    model = quantized(network, calibrate, None)  # the last two layers train, or the one there is
    difference, exact, classes = compare(network, model, runtime[1])
    x = samples_for(network, 20, seed=4)
    try:
        before, after = losses(model, taken_by(network, x), on)
        learnt = f"{before:.3g} to {after:.3g}"
    except OSError as error:
        learnt = str(error)
    return [
        path.name,
        size,
        f"{difference:.0f}" if is_int8 else f"{100 * difference:.1f} %",
        "" if np.isnan(exact) else f"{100 * exact:.2f} %",
        "" if np.isnan(classes) else f"{100 * classes:.0f} %",
        f"{core.Model(model).memory:,}",
        learnt,
    ]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--trust", action="store_true")
    parser.add_argument("--on", default="core")
    chosen = parser.parse_args()
    suffixes = (*READERS, *(SUFFIXES if not chosen.trust else (*SUFFIXES, SUFFIX)))
    paths = sorted(path for path in chosen.folder.rglob("*") if path.suffix in suffixes)
    if not paths:
        raise SystemExit(f"{chosen.folder} has no files that end in {', '.join(suffixes)}")
    print("| " + " | ".join(HEADINGS) + " |\n" + "|---" * len(HEADINGS) + "|")
    for path in paths:
        print("| " + " | ".join(row(path, chosen.trust, chosen.on)) + " |", flush=True)


if __name__ == "__main__":
    main()
