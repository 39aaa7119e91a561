"""Depthwise 2-d convolution: each channel has a filter of its own (sections 4, 6, 7).

Written with the windows of the input (window.py); weights [channels][ky][kx].
"""

from __future__ import annotations

import numpy as np

from fqt.reference.fixed import Scale
from fqt.reference.layer import WeightedLayer
from fqt.reference.update import Update
from fqt.reference.window import scattered, windows_of


def forward(layer: WeightedLayer) -> tuple[np.ndarray, list[Scale]]:
    """x [height][width][channels] -> accumulators [out_height][out_width][channels]"""
    x, parameters = layer.inputs[0], layer.parameters
    windows = windows_of(x.centred(), layer.record)
    accumulators = np.einsum("yxklc,ckl->yxc", windows, parameters.weights)
    return accumulators + parameters.biases_for(x.scale), layer.channel_units


def error(layer: WeightedLayer, which: int, errors: np.ndarray) -> tuple[np.ndarray, list[Scale]]:
    """errors [out_height][out_width][channels] -> accumulators [height][width][channels], each
    channel at its own unit: each tap adds errors[oy, ox, c] * w[c, ky, kx] to the input element
    that it read."""
    weights = layer.parameters.weights
    accumulators = scattered(
        lambda ky, kx: errors * weights[:, ky, kx],
        errors.shape,
        layer.inputs[0].shape,
        layer.record,
    )
    return accumulators, [
        layer.error_scale * Scale.unpack(scale) for scale in layer.parameters.scales
    ]


def update(layer: WeightedLayer, selected: np.ndarray, step: Update) -> None:
    """gradient[c, ky, kx] = sum over oy, ox of errors[oy, ox, c] * windows[oy, ox, ky, kx, c]"""
    errors = layer.output.error.astype(np.int64)
    windows = windows_of(layer.inputs[0].centred(), layer.record)
    gradients = np.einsum("yxc,yxklc->ckl", errors, windows)
    for c in selected:
        if errors[:, :, c].any() or step.decay:
            step.apply_filter(c, gradients[c], int(errors[:, :, c].sum()))
