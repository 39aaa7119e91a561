"""A change of shape: height x width x channels -> 1 x 1 x elements."""

from __future__ import annotations

import numpy as np

from fqt.reference.fixed import Scale
from fqt.reference.layer import Layer


def forward(layer: Layer) -> tuple[np.ndarray, list[Scale]]:
    return layer.inputs[0].values.reshape(layer.output.shape), [Scale.from_int(1)]


def error(layer: Layer, which: int, errors: np.ndarray) -> tuple[np.ndarray, list[Scale]]:
    return errors.reshape(layer.inputs[0].shape), [Scale.unpack(layer.output.error_scale)]
