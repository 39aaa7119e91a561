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


def update(x: Tensor, parameters: Parameters, errors: np.ndarray, step: Update) -> None:
    """Each weight's gradient is one product: the error's step is rounded once a row.
    errors int8 [out]"""
    centred = x.centred().ravel()
    for o, e in enumerate(errors.ravel().tolist()):
        if e != 0:
            row_rate = np.clip(
                fixed_multiply(e, step.channel_rate(o)), -MAX_ROW_RATE, MAX_ROW_RATE
            )
            step.apply(o, row_rate * centred, e)
