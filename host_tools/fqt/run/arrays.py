"""What users pass to a model in the core, as its library takes it."""

from __future__ import annotations

import numpy as np

from fqt.arguments import file_bytes
from fqt.file.model_file import ModelFile
from fqt.inputs import check_learning_rate


def bytes_of(data: ModelFile | bytes) -> bytes:
    """The bytes of a model file. Raises ValueError for what is none."""
    return data.to_bytes() if isinstance(data, ModelFile) else file_bytes("data", data)


def order_of_samples(order, samples: int) -> np.ndarray:
    """The numbers of samples, as the library takes them. Raises ValueError for others."""
    order = np.array(order)  # a copy: what is checked is what is used
    if order.ndim != 1 or (order.size and order.dtype.kind not in "iu"):
        raise ValueError(
            f"order is [steps] whole numbers, not {order.dtype} of shape {order.shape}"
        )
    for i in (order.min(), order.max()) if order.size else ():
        if not 0 <= i < samples:
            raise ValueError(f"order names sample {i}, there are {samples}")
    return np.ascontiguousarray(order, np.uint32)


def rates_of_steps(lr, steps: int) -> np.ndarray:
    """A learning rate for each step, float32. lr: one for all, or as many. Raises ValueError for
    others."""
    if isinstance(lr, (list, tuple, np.ndarray)) and np.ndim(lr) > 0:
        if np.shape(lr) != (steps,):
            raise ValueError(f"lr is one rate, or one for each of {steps} steps, not {lr!r}")
        return np.array([check_learning_rate(rate) for rate in lr], np.float32)
    return np.full(steps, check_learning_rate(lr), np.float32)
