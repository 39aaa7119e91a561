"""Dense: y[o] = sum over c of w[o][c] * (x[c] - zx) + b[o] (sections 4, 6, 7)."""

from __future__ import annotations

import numpy as np

from fqt.reference.fixed import Scale, fixed_multiply
from fqt.reference.layer import WeightedLayer
from fqt.reference.update import STEP_LIMIT, Update
from fqt.reference.weighted import at_common_unit

MAX_ROW_RATE = STEP_LIMIT // 255


def forward(layer: WeightedLayer) -> tuple[np.ndarray, list[Scale]]:
    """x, its elements in a row [in] -> accumulators [1][1][out]"""
    x, parameters = layer.inputs[0], layer.parameters
    accumulators = parameters.weights @ x.centred().ravel() + parameters.biases_for(x.scale)
    return accumulators.reshape(1, 1, -1), layer.channel_units


def error(layer: WeightedLayer, which: int, errors: np.ndarray) -> tuple[np.ndarray, list[Scale]]:
    """errors [1][1][out] -> accumulators [in]: sum over o of errors[o] * w[o][c]"""
    errors, unit = at_common_unit(layer, errors)
    return errors.ravel() @ layer.parameters.weights, [unit]


def update(layer: WeightedLayer, selected: np.ndarray, step: Update) -> None:
    """Each weight's gradient is one product: the error's step is rounded once a row. Standardized,
    it is sign(error) times the standardized inputs."""
    centred = layer.inputs[0].centred().ravel()
    errors = layer.output.error.ravel()
    for o in selected:
        e = int(errors[o])
        if e == 0 and not step.decay:
            continue
        if step.standardizes:
            values, rate = step.standardized(o, centred)
            steps = np.clip(fixed_multiply(values * np.sign(e), rate), -STEP_LIMIT, STEP_LIMIT)
        else:
            row_rate = fixed_multiply(e, step.channel_rate(o))
            steps = np.clip(row_rate, -MAX_ROW_RATE, MAX_ROW_RATE) * centred
        step.apply(o, steps, e)
