"""An int8 network as a model file, with the weights, scales, zero points, biases and ranges that
it has."""

from __future__ import annotations

import zlib
from collections.abc import Collection

import numpy as np

from fqt.file.model_file import LayerRecord, ModelFile
from fqt.importers.graph import Quantization
from fqt.importers.network import Network, Node
from fqt.importers.tables import table_like_source


def to_int8(
    network: Network,
    trainable: Collection[str],
    labels: tuple[str, ...] = (),
    note: str = "",
    seed: int = 1,
) -> ModelFile:
    """network: one that is int8. trainable: names of layers with weights. labels: one for each
    output, or none. Raises ModelFileError, a ValueError that names the layer, for what a device
    cannot run."""
    assert network.quantization is not None
    scale, zero_point = _range(network.quantization)
    model = ModelFile(
        network.name,
        network.input_shape,
        input_type=network.input_type,
        input_scale=scale,
        input_zero_point=zero_point,
        random_state=zlib.crc32(b"%d" % seed) or 1,
        loss=network.loss,
        input_map=network.input_map,
        labels=labels,
        note=note,
    )
    for node in network.nodes:
        model.layers.append(_record(node, model, node.name in trainable, network.source))
    return model.identified()


def _range(quantization: Quantization) -> tuple[float, int]:
    return float(np.float32(quantization.scales[0])), int(quantization.zero_points[0])


def _record(node: Node, model: ModelFile, is_trainable: bool, source: str) -> LayerRecord:
    record = LayerRecord(
        node.kind,
        node.name,
        node.shape,
        activation=node.activation,
        trainable=is_trainable,
        kernel=node.kernel,
        stride=node.stride,
        padding=node.padding,
        inputs=node.inputs,
        weights=node.weights,
        weight_scales=node.weight_scales,
        biases=node.biases,
    )
    _, input_scale, input_zero_point = model.tensor(node.inputs[0])
    if record.has_weights:
        record.bias_scale = input_scale
    if record.keeps_scale:
        record.output_scale, record.output_zero_point = input_scale, input_zero_point
    else:
        assert node.quantization is not None
        record.output_scale, record.output_zero_point = _range(node.quantization)
    if node.gates is not None:
        gates = node.gates
        assert gates.scales is not None
        record.weights, record.biases = gates.weights, gates.biases
        record.weight_scales = np.append(gates.scales.ravel(), np.float32(gates.limit))
    if node.kind == "table":
        record.bias_scale = node.function_parameter
        record.table = table_like_source(
            node.activation,
            node.function_parameter,
            (input_scale, input_zero_point),
            (record.output_scale, record.output_zero_point),
            source,
        )
    return record
