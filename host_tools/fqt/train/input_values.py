"""Samples as a device takes them: real units to the integers of a model's input."""

from __future__ import annotations

import numpy as np

from fqt.file.model_file import ModelFile
from fqt.shapes import is_of_shape, many_of_shape, numbers, one_of_shape


def quantize_input(model: ModelFile, x: np.ndarray) -> np.ndarray:
    """Samples in real units (the user's, where the model has a map of its input) as the uint8 or
    int8 values that a device takes; the shape stays.

    x: [samples][height][width][channels], one sample, or flattened ones; also any few numbers
    (with a map: of all channels, one after another). Of a model with input_type "uint8" that has a
    map, samples are bytes as they are, rounded. Numbers beyond the input's range become its ends.
    Raises ValueError for images whose axes are in another order, and for numbers that are not
    finite.
    """
    x = numbers("samples", x, np.float64)
    if x.ndim == 4:
        many_of_shape("samples", x, model.input_shape)
    elif x.ndim == 3 and not is_of_shape(x.shape[1:], model.input_shape):
        one_of_shape("samples", x, model.input_shape)
    if not np.isfinite(x).all():
        raise ValueError("input has numbers that are not finite")
    if model.input_map is not None:
        if model.input_type == "uint8":
            return np.clip(np.floor(x + 0.5), 0, 255).astype(np.uint8)
        channels = model.input_shape[2]
        if x.size % channels:
            raise ValueError(f"{x.size} numbers are not of {channels} channels each")
        offsets, scales = model.input_map.astype(np.float64).T
        x = ((x.reshape(-1, channels) - offsets) / scales).reshape(x.shape)
    q = np.floor(x / model.input_scale + 0.5) + model.input_zero_point  # halves up, as the device
    q = np.clip(q, -128, 127).astype(np.int8)
    return q.view(np.uint8) ^ 0x80 if model.input_type == "uint8" else q
