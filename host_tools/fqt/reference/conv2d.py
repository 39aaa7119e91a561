"""2-d convolution of any kernel, stride and padding (sections 4, 6, 7).

Written with the windows of the input (window.py).
"""

from __future__ import annotations

import numpy as np

from fqt.reference.fixed import Scale
from fqt.reference.layer import WeightedLayer
from fqt.reference.update import Update
from fqt.reference.weighted import at_common_unit
from fqt.reference.window import scattered, windows_of


def forward(layer: WeightedLayer) -> tuple[np.ndarray, list[Scale]]:
    """x [height][width][in] -> accumulators [out_height][out_width][out]"""
    x, parameters = layer.inputs[0], layer.parameters
    windows = windows_of(x.centred(), layer.record)
    accumulators = np.tensordot(windows, parameters.weights, axes=([2, 3, 4], [1, 2, 3]))
    return accumulators + parameters.biases_for(x.scale), layer.channel_units


def error(layer: WeightedLayer, which: int, errors: np.ndarray) -> tuple[np.ndarray, list[Scale]]:
    """errors [out_height][out_width][out] -> accumulators [height][width][in]: each tap adds
    errors[oy, ox, o] * w[o, ky, kx, c] to the input element that it read."""
    errors, unit = at_common_unit(layer, errors)
    weights = layer.parameters.weights
    accumulators = scattered(
        lambda ky, kx: errors @ weights[:, ky, kx, :],
        errors.shape,
        layer.inputs[0].shape,
        layer.record,
    )
    return accumulators, [unit]


def update(layer: WeightedLayer, selected: np.ndarray, step: Update) -> None:
    """gradient[o, ky, kx, c] = sum over oy, ox of errors[oy, ox, o] * windows[oy, ox, ky, kx,
    c]"""
    errors = layer.output.error.astype(np.int64)
    windows = windows_of(layer.inputs[0].centred(), layer.record)
    gradients = np.tensordot(errors, windows, axes=([0, 1], [0, 1]))
    for o in selected:
        if errors[:, :, o].any() or step.decay:
            step.apply_filter(o, gradients[o], int(errors[:, :, o].sum()))
