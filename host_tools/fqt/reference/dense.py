"""Dense: y[o] = sum over c of w[o][c] * (x[c] - zx) + b[o] (sections 4, 6, 7)."""

from __future__ import annotations

import numpy as np

from fqt.reference.fixed import fixed_multiply
from fqt.reference.tensor import Tensor
from fqt.reference.update import STEP_LIMIT, Parameters, Update

MAX_ROW_RATE = STEP_LIMIT // 255


def forward(x: Tensor, parameters: Parameters) -> np.ndarray:
    """x [in] -> accumulators int64 [1][1][out]"""
    accumulators = parameters.weights @ x.centred().ravel() + parameters.biases_for(x.scale)
    return accumulators.reshape(1, 1, -1)


def error(x: Tensor, parameters: Parameters, errors: np.ndarray) -> np.ndarray:
    """errors int64 [out], brought to a common unit -> accumulators int64 [in]:
    sum over o of errors[o] * w[o][c]"""
    return errors.ravel() @ parameters.weights


def update(x: Tensor, errors: np.ndarray, selected: np.ndarray, step: Update) -> None:
    """Each weight's gradient is one product: the error's step is rounded once a row. Standardized,
    it is sign(error) times the standardized inputs. errors int8 [out]"""
    centred = x.centred().ravel()
    errors = errors.ravel()
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
