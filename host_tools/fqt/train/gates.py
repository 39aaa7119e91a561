"""The parameters of an LSTM's gates, from float32 to a model file and back."""

from __future__ import annotations

import numpy as np

from fqt.file.checks import LARGEST_SCALE, SMALLEST_SCALE
from fqt.file.records import LayerRecord
from fqt.kinds import CELL_BITS, GATES
from fqt.layers.lstm import LSTM

BIAS_LIMIT = 2**30


def fill_gates(record: LayerRecord, layer: LSTM, input_scale: float, features: int) -> None:
    """Weights with a scale for each gate and each of its parts, and as many bits before the point
    of the cell state as the last samples that the layer saw took. Raises ValueError for weights
    that are not finite, and biases or cell states that integers do not hold."""
    if not (np.isfinite(layer.weights).all() and np.isfinite(layer.biases).all()):
        raise ValueError(f"{layer.name}: weights are not finite: did the training diverge?")
    parts = (layer.weights[..., :features], layer.weights[..., features:])
    peaks = np.stack([np.abs(part).max(axis=(1, 2)) for part in parts], axis=1) / 127
    scales = np.clip(peaks, SMALLEST_SCALE, LARGEST_SCALE).astype(np.float32)
    # A bias is in units of the first part's scale, which is greater where it would not fit.
    least = np.abs(layer.biases).max(axis=1) / (input_scale * BIAS_LIMIT)
    scales[:, 0] = np.maximum(scales[:, 0], least)
    by_part = np.repeat(scales, [features, layer.units], axis=1)[:, None]
    record.weights = np.clip(np.round(layer.weights / by_part), -127, 127).astype(np.int8)
    record.weight_scales = np.append(scales.ravel(), np.float32(layer.limit))
    units = scales[:, :1].astype(np.float64) * input_scale
    record.biases = np.round(layer.biases / units).astype(np.int32)
    fitting = [bits for bits in range(len(CELL_BITS)) if layer.greatest_cell < 2**bits]
    if not fitting:
        raise ValueError(
            f"{layer.name}: its cell state reaches {layer.greatest_cell:.3g}, a device holds "
            f"{2 ** (len(CELL_BITS) - 1)}: train it with regularization, or for shorter sequences"
        )
    record.activation = CELL_BITS[fitting[0]]


def take_gates(layer: LSTM, record: LayerRecord, input_scale: float, place: str) -> None:
    """The way back. Raises ValueError for a checkpoint, which lacks them."""
    if record.weights is None or record.weight_scales is None or record.biases is None:
        raise ValueError(
            f"{place}: a checkpoint lacks the weights of frozen layers: restore() it into the "
            "model that it is of, and take that model's to_model_file()"
        )
    scales = record.weight_scales[:-1].reshape(GATES, 2)
    features = record.weights.shape[2] - layer.units
    by_part = np.repeat(scales, [features, layer.units], axis=1)[:, None]
    layer.weights = (record.weights * by_part).astype(np.float32)
    layer.biases = (record.biases * (scales[:, :1] * np.float64(input_scale))).astype(np.float32)
    bits = CELL_BITS.index(record.activation)
    layer.limit = min(float(record.weight_scales[-1]), 2.0**bits)
