"""The parameters of recurrent layers, from float32 to a model file and back."""

from __future__ import annotations

import numpy as np

from fqt.file.checks import LARGEST_SCALE, SMALLEST_SCALE
from fqt.file.records import LayerRecord
from fqt.kinds import CELL_BITS, RESET_PLACES
from fqt.layers.gru import GRU
from fqt.layers.lstm import LSTM
from fqt.layers.recurrent import Recurrent

BIAS_LIMIT = 2**30


def fill_gates(record: LayerRecord, layer: Recurrent, input_scale: float, features: int) -> None:
    """Weights with a scale for each gate and each of its parts; the record has the output's
    scale. Of an lstm as many bits before the point of the cell state as the last samples that the
    layer saw took. Raises ValueError for weights that are not finite, and biases or cell states
    that integers do not hold."""
    if not (np.isfinite(layer.weights).all() and np.isfinite(layer.biases).all()):
        raise ValueError(f"{layer.name}: weights are not finite: did the training diverge?")
    parts = (layer.weights[..., :features], layer.weights[..., features:])
    peaks = np.stack([np.abs(part).max(axis=(1, 2)) for part in parts], axis=1) / 127
    scales = np.clip(peaks, SMALLEST_SCALE, LARGEST_SCALE).astype(np.float32)
    # A bias is in units of its part's scale, which is greater where it would not fit.
    given = input_scale, record.output_scale
    for place, biases in zip(layer.bias_places, layer.biases, strict=True):
        least = np.abs(biases).max() / (given[place[1]] * BIAS_LIMIT)
        scales[place] = max(scales[place], least)
    by_part = np.repeat(scales, [features, layer.units], axis=1)[:, None]
    record.weights = np.clip(np.round(layer.weights / by_part), -127, 127).astype(np.int8)
    record.weight_scales = scales.ravel()
    record.biases = np.round(layer.biases / _bias_units(layer, scales, given)).astype(np.int32)
    if isinstance(layer, LSTM):
        record.weight_scales = np.append(record.weight_scales, np.float32(layer.limit))
        record.activation = _cell_bits(layer)
    if isinstance(layer, GRU):
        record.activation = RESET_PLACES[0 if layer.reset_after else 1]


def _bias_units(layer: Recurrent, scales: np.ndarray, given: tuple[float, float]) -> np.ndarray:
    """What one unit of each row of biases means, float64 [4][1]. given: the scales of the input
    and of the output."""
    units = [float(scales[gate, part]) * given[part] for gate, part in layer.bias_places]
    return np.array(units)[:, None]


def _cell_bits(layer: LSTM) -> str:
    fitting = [bits for bits in range(len(CELL_BITS)) if layer.greatest_cell < 2**bits]
    if not fitting:
        raise ValueError(
            f"{layer.name}: its cell state reaches {layer.greatest_cell:.3g}, a device holds "
            f"{2 ** (len(CELL_BITS) - 1)}: train it with regularization, or for shorter sequences"
        )
    return CELL_BITS[fitting[0]]


def take_gates(layer: Recurrent, record: LayerRecord, input_scale: float, place: str) -> None:
    """The way back. Raises ValueError for a checkpoint, which lacks them."""
    if record.weights is None or record.weight_scales is None or record.biases is None:
        raise ValueError(
            f"{place}: a checkpoint lacks the weights of frozen layers: restore() it into the "
            "model that it is of, and take that model's to_model_file()"
        )
    scales = record.weight_scales[: 2 * len(record.weights)].reshape(-1, 2)
    features = record.weights.shape[2] - layer.units
    by_part = np.repeat(scales, [features, layer.units], axis=1)[:, None]
    layer.weights = (record.weights * by_part).astype(np.float32)
    units = _bias_units(layer, scales, (input_scale, record.output_scale))
    layer.biases = (record.biases * units).astype(np.float32)
    if isinstance(layer, LSTM):
        bits = CELL_BITS.index(record.activation)
        layer.limit = min(float(record.weight_scales[-1]), 2.0**bits)
