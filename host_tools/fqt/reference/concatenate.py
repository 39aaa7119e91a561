"""The channels of one tensor, and behind them those of another (sections 4 and 6)."""

from __future__ import annotations

import numpy as np

from fqt.reference.fixed import Scale
from fqt.reference.layer import Layer


def forward(layer: Layer) -> tuple[np.ndarray, list[Scale]]:
    """a [height][width][channels of a], b alike -> [height][width][channels of both], each
    channel at its own input's scale"""
    units = []
    for x in layer.inputs:
        units += [Scale.unpack(x.scale) / layer.output_unit] * x.shape[2]
    return np.concatenate([x.centred() for x in layer.inputs], axis=2), units


def error(layer: Layer, which: int, errors: np.ndarray) -> tuple[np.ndarray, list[Scale]]:
    """errors [height][width][channels of both] -> those of the input's channels"""
    parts = np.split(errors, [layer.inputs[0].shape[2]], axis=2)
    return parts[which], [Scale.unpack(layer.output.error_scale)]
