"""From a model file back to a float32 network: what trained on a device goes on on the desk."""

from __future__ import annotations

import numpy as np

from fqt.file.model_file import LayerRecord, ModelFile
from fqt.layers.described import described
from fqt.layers.recurrent import Recurrent
from fqt.layers.weighted import Weighted
from fqt.train.gates import take_gates
from fqt.train.sequential import Sequential


def float_network(model: ModelFile) -> Sequential:
    """The network in a model file, with its weights and biases in float32, its loss and its maps.

    model: one that quantize made, or that a device trained and saved; ModelFile.read(path) reads
    it. The bits that training keeps beside each weight (master=12 or 16) count. Outputs are those
    of the device but for the int8 rounding of activations, and for what lies beyond their ranges,
    which float32 does not clip. It can be trained, compared, and quantized again: with
    input_type=model.input_type, input_scale=model.input_scale (of "uint8" without a map),
    labels=model.labels, note=model.note. A GlobalAveragePool comes back as AveragePool2D, a Conv1D
    as Conv2D; batch normalizations stay folded.

    Raises ValueError for a checkpoint that lacks the weights of frozen layers, for two layers of
    one name, and for weights or biases that float32 does not hold.
    """
    if not isinstance(model, ModelFile):
        raise ValueError(
            f"model is a ModelFile, not {type(model).__name__}: ModelFile.read(path) reads one"
        )
    names = ["input", *(record.name for record in model.layers)]
    layers = []
    for i, record in enumerate(model.layers):
        # Left out where it is the layer before, so that layers can be put between.
        inputs = model.inputs_of(i)
        source = None if inputs[0] == i else names[inputs[0]]
        layers.append(described(record, record.output_shape[2], source, names[inputs[-1]]))
    net = Sequential(layers, model.input_shape, name=model.name, loss=model.loss)
    for number, (layer, record) in enumerate(zip(net.layers, model.layers, strict=True), 1):
        if isinstance(layer, Weighted):
            layer.weights, layer.biases = _parameters(record, f"layer {number} ({record.name})")
        elif isinstance(layer, Recurrent):
            scale = model.tensor(model.inputs_of(number - 1)[0])[1]
            take_gates(layer, record, scale, f"layer {number} ({record.name})")
    net.input_map, net.output_map = model.input_map, model.output_map
    return net


def _parameters(record: LayerRecord, place: str) -> tuple[np.ndarray, np.ndarray]:
    """Weights and biases in real units, float32, in the record's shapes."""
    if record.weights is None or record.weight_scales is None or record.biases is None:
        raise ValueError(
            f"{place}: a checkpoint lacks the weights of frozen layers: restore() it into the "
            "model that it is of, and take that model's to_model_file()"
        )
    weights = record.weights.astype(np.float64)
    if record.low_bytes is not None:
        weights += record.low_bytes / 256
    scales = record.weight_scales.astype(np.float64)
    weights *= scales.reshape(-1, *[1] * (weights.ndim - 1))
    with np.errstate(over="ignore"):
        of_float32 = (
            weights.astype(np.float32),
            (record.biases * (scales * record.bias_scale)).astype(np.float32),
        )
    if not all(np.isfinite(array).all() for array in of_float32):
        raise ValueError(f"{place}: its weights or biases are beyond float32")
    return of_float32
