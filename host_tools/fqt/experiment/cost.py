"""What partial updates save over a whole run, in estimated cycles of an emulated core.

A step's backward pass, what it takes more than a prediction, is counted at some update rates, over
steps in which layers take turns; a run's cost is the mean over its steps, each at its own rate,
between these on straight lines.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from fqt.device import bench
from fqt.experiment import data
from fqt.experiment.configuration import Experiment
from fqt.experiment.runner import pretrained_network
from fqt.options import Options
from fqt.reference.turns import EVEN_TURNS
from fqt.train.quantize import quantize, quantize_input

SAMPLES = 8
RATES = (0.05, 0.1, 0.12, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1.0)


def add_cycles(experiment: Experiment, results: dict, folder: Path, kept: Path, core: str) -> None:
    """Add to each int8 run of a transfer "cycles", of a step's backward pass, mean over its steps.
    Counts are made for each set of layers that train and each way to select, with samples of the
    test part. Raises OSError when the emulator is not built."""
    counted: dict[tuple[str, bool], np.ndarray] = {}
    for one, result in zip(experiment.runs, results["runs"], strict=True):
        if one.arithmetic != "int8":
            continue
        way = one.train, one.sample_updates
        if way not in counted:
            counted[way] = _count(experiment, *way, folder, kept, core)
        histogram = np.sum([r["update_rates"] for r in result["results"].values()], axis=0)
        centres = (np.arange(len(histogram)) + 0.5) / len(histogram)
        centres[-1] = 1.0 if one.update_rate[0] == 1 else centres[-1]
        cycles = np.interp(centres, RATES, counted[way])
        result["cycles"] = int(np.average(cycles, weights=histogram))


def _count(
    experiment: Experiment, train: str, draws: bool, folder: Path, kept: Path, core: str
) -> np.ndarray:
    """Cycles of a step's backward pass at each of RATES."""
    arrays = data.load(experiment, folder)
    net = pretrained_network(experiment, folder, kept)
    input_type = "uint8" if experiment.data.input == "bytes" else "int8"
    calibration = arrays["x_train"][: data.CALIBRATION_SAMPLES]
    model = quantize(net, calibration, train, input_type)
    x = arrays["x_test"]
    samples = quantize_input(model, x[:: max(len(x) // SAMPLES, 1)][:SAMPLES])

    def backward(rate: float) -> float:
        options = Options((rate, rate), sample_updates=draws)
        predict, step = bench.measure(
            model, core, options=options, samples=samples, has_parts=False, count=EVEN_TURNS
        )
        return float(step.cycles - predict.cycles)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return np.array(list(pool.map(backward, RATES)))
