"""Cycles of passes, fitted to what `fqt bench` counted: for each pass of each kind a sum of few
counts (work.COUNTS), each with cycles that are not negative, so that the relative error is least.

How far a fit may be off is measured, not assumed: each network is estimated from the others.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations

import numpy as np

from fqt.boards.work import COUNTS, passes_of
from fqt.file.model_file import ModelFile

# Of COUNTS, what the cycles of a pass may be a sum of.
TERMS = {
    "forward": ("multiply_adds", "outputs", "columns", "inputs"),
    "error": ("multiply_adds", "outputs", "columns", "inputs"),
    "update": ("multiply_adds", "outputs", "columns", "weights"),
}
CALLS = ("predict", "step")  # what a call takes besides its passes, a layer
MOST_TERMS = 3
MARGIN = 1.5

Coefficients = dict[str, list[float]]


def sum_of(counts: np.ndarray, cycles: np.ndarray, allowed: Iterable[int]) -> list[float]:
    """Cycles of each of COUNTS, not negative, at most MOST_TERMS of the allowed ones not 0, that
    give the least relative error. counts [samples][COUNTS], cycles [samples]."""
    best, least = [0.0] * len(COUNTS), np.inf
    allowed = list(allowed)
    for terms in range(1, min(MOST_TERMS, len(cycles)) + 1):
        for chosen in combinations(allowed, terms):
            columns = counts[:, chosen] / cycles[:, None]
            found, *_ = np.linalg.lstsq(columns, np.ones(len(cycles)), rcond=None)
            error = ((columns @ found - 1) ** 2).sum()
            if (found >= 0).all() and error < least:
                best, least = [0.0] * len(COUNTS), error
                for index, value in zip(chosen, found, strict=True):
                    best[index] = float(value)
    return best


def fit(counted: list[tuple[ModelFile, dict[str, int]]]) -> Coefficients:
    """counted: models with the cycles of each of their phases, as fqt.device.bench names them.
    Gives cycles of each of COUNTS by what they are fitted for (Pass.what, and CALLS)."""
    samples: dict[str, list[tuple[tuple[int, ...], int]]] = {}
    for model, cycles in counted:
        passes = passes_of(model)
        for one in passes:
            phase = f"{one.name} {one.layer}"
            samples.setdefault(one.what, []).append((one.counts, cycles[phase]))
        for call in CALLS:
            if call in cycles:
                names = ("forward",) if call == "predict" else tuple(TERMS)
                inside = [one for one in passes if one.name in names]
                rest = cycles[call] - sum(cycles[f"{one.name} {one.layer}"] for one in inside)
                layers = (0, 0, 0, 0, 0, len(model.layers))
                samples.setdefault(call, []).append((layers, max(rest, 1)))
    found = {}
    for what, rows in samples.items():
        counts = np.array([row[0] for row in rows], float)
        cycles_of_rows = np.array([row[1] for row in rows], float)
        terms = TERMS.get(what.split()[0], ("passes",))
        found[what] = sum_of(counts, cycles_of_rows, [COUNTS.index(term) for term in terms])
    return found


def cycles_of(coefficients: Coefficients, model: ModelFile) -> dict[str, float]:
    """Cycles of "predict", and of "step" where a layer trains."""
    trains = any(layer.trainable for layer in model.layers)
    result = {}
    for call in CALLS[: 2 if trains else 1]:
        names = ("forward",) if call == "predict" else tuple(TERMS)
        result[call] = coefficients[call][COUNTS.index("passes")] * len(model.layers) + sum(
            float(np.dot(coefficients[one.what], one.counts))
            for one in passes_of(model)
            if one.name in names
        )
    return result


def compared(network: str, call: str, counted: int, estimated: float) -> dict:
    """A row of an estimate beside its count."""
    row = {"network": network, "call": call, "counted": counted}
    return row | {"estimated": round(estimated)}


def left_out(counted: list[tuple[ModelFile, dict[str, int]]]) -> list[dict]:
    """Each network's cycles as they were counted, and as the fit to the others gives them. What no
    other network has (add, say) is taken from the fit to all."""
    everything = fit(counted)
    rows = []
    for index, (model, cycles) in enumerate(counted):
        others = everything | fit(counted[:index] + counted[index + 1 :])
        for call, estimated in cycles_of(others, model).items():
            rows.append(compared(model.name, call, cycles[call], estimated))
    return rows


def range_of(rows: list[dict]) -> dict[str, list[float]]:
    """What an estimate is multiplied by to give its range, by call: 1 / factor and factor, as far
    as the worst of the networks that were estimated from others was off, either way, and MARGIN
    times that, since they are few."""
    found = {}
    for call in CALLS:
        ratios = [row["counted"] / row["estimated"] for row in rows if row["call"] == call]
        factor = 1 + MARGIN * (max(max(ratio, 1 / ratio) for ratio in ratios) - 1)
        found[call] = [1 / factor, factor]
    return found
