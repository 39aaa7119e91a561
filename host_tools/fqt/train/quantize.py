"""From a float32 network to a quantized model file.

Weights are int8, symmetric, one scale an output channel; activations int8 with scales that
calibration data give; biases int32 (docs/arithmetic.md, sections 3 and 4). Batch normalization is
folded into the layer before it.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np

from fqt.arguments import real_number, text, truth_value, whole_number
from fqt.file.checks import LARGEST_SCALE, SMALLEST_SCALE
from fqt.file.layout import INPUT_TYPES
from fqt.file.model_file import LayerRecord, ModelFile
from fqt.kinds import KINDS
from fqt.layers.layer import Layer
from fqt.layers.recurrent import Recurrent
from fqt.layers.table import Table
from fqt.layers.weighted import Weighted
from fqt.train.folding import folded
from fqt.train.gates import fill_gates
from fqt.train.input_values import quantize_input
from fqt.train.quantization_check import (
    QuantizationWarning,
    check_bytes,
    check_input_range,
    check_quantized,
)
from fqt.train.sequential import Sequential, trainable_names
from fqt.train.tables import OUTPUT_RANGES, make_table, output_ends, reserved, tables_of

__all__ = ["QuantizationWarning", "folded", "quantize", "quantize_input", "quantize_weights"]

TRAINABLE_MARGIN = (
    1.05  # room above what calibration saw, as ranges that follow keep it on the device
)
FALLBACK_SCALE = 2.0**-7  # of weights that are all zero
BIAS_LIMIT = 2**29  # half of what the arithmetic holds, so that biases can grow


def quantize(
    net: Sequential,
    calibration_x: np.ndarray,
    train: str | list[str] = "all",
    input_type: str = "uint8",
    input_scale: float | None = None,
    seed: int = 1,
    percentile: float = 100.0,
    labels: Sequence[str] = (),
    note: str = "",
    force: bool = False,
) -> ModelFile:
    """The network as a model file.

    calibration_x: [samples][height][width][channels] in real units, samples like those to come; a
    hundred are plenty. train: what trains on the device, as in trainable_names. input_type
    "uint8": a device takes bytes u that mean u * input_scale (1/255 when not given); "int8": the
    input's scale and zero point come from calibration_x, and devices take float arrays or what
    quantize_input returns. With a network that standardize_data was told the units of samples, or
    of targets, the device takes and returns them too: float and int16 arrays, and with "uint8"
    bytes as the numbers that they are (no input_scale). seed: of the stochastic rounding on the
    device.
    percentile: of the calibration data's numbers, of an int8 input and of each layer's output, so
    many lie below the upper end of what int8 holds, and as many above the lower end; what lies
    beyond is cut off. 100: nothing is; less gives a finer step where few numbers are far from all
    others. labels: a name for each output, of the classes say, which a device tells as net.labels;
    note: what else a user of the model should know, net.note there; together at most 65532 bytes.
    force: outputs that are not float32's at all are only doubtful, not an error.

    Raises ValueError for data that do not fit, and for a network that a device does not run: its
    last layer must have weights and no activation, and a Flatten must be alone in reading its
    input; and when int8 does not hold what the network does on the calibration data: inputs beyond
    the input's range, outputs beyond +-16384 or that differ by less than 2^-16, outputs that are
    not float32's or do not depend on the input. What is only doubtful is a QuantizationWarning.
    """
    if not isinstance(net, Sequential):
        raise ValueError(f"net is a Sequential, not {type(net).__name__}")
    net = folded(net)
    _check_runs_on_a_device(net)
    percentile = check_percentile(percentile)
    x = net.samples(calibration_x, "calibration sample")
    if not len(x):
        raise ValueError("calibration data must be at least one sample")
    tensors = net.tensors(x)
    if net.input_map is not None and input_type in INPUT_TYPES:
        if input_scale is not None:
            raise ValueError("input_scale goes with networks without an input_map, which has one")
        if input_type == "uint8":
            check_bytes(x)
        scale, zero_point = _affine(*_range(tensors[0], percentile))
    elif input_type == "uint8":
        scale, zero_point = _input_scale(input_scale), -128
        is_uint8 = np.asarray(calibration_x).dtype == np.uint8
        check_input_range(x, scale, is_uint8, input_scale is None)
    elif input_type == "int8":
        if input_scale is not None:
            raise ValueError(
                "input_scale goes with input_type 'uint8': "
                "that of 'int8' comes from calibration data"
            )
        scale, zero_point = _affine(*_range(x, percentile))
    else:
        raise ValueError(f"input_type is 'uint8' or 'int8', not {input_type!r}")
    seed = whole_number("seed", seed, 0)
    model = ModelFile(
        net.name,
        net.input_shape,
        [],
        input_type,
        scale,
        zero_point,
        random_state=zlib.crc32(b"%d" % seed) or 1,
        loss=net.loss,
        input_map=net.input_map,
        output_map=net.output_map,
        labels=checked_labels(labels, net.classes),
        note=text("note", note),
    )
    names = trainable_names(net, train)
    moves = [False]  # each tensor: whether training changes it
    for layer, inputs, output in zip(net.layers, net.inputs, tensors[1:], strict=True):
        height, width, channels = layer.output_shape
        shape = height, width, channels
        record = LayerRecord(layer.kind, layer.name, shape, inputs=inputs)
        record.trainable = layer.name in names
        moves.append(record.trainable or any(moves[tensor] for tensor in inputs))
        # The device follows the ranges of layers with weights where these train themselves.
        follows = record.trainable if record.has_weights else moves[-1]
        margin = TRAINABLE_MARGIN if follows else 1.0
        model.layers.append(record)
        tables = tables_of(net, len(model.layers))
        if isinstance(layer, Table):
            _fill_table(record, layer, model)
            continue
        ends = _ends(layer, output, percentile, margin)
        if tables:  # these ranges do not follow
            ends = reserved(tables, *_ends(layer, output, percentile, 1.0), moves[-1])
        _fill_record(record, layer, ends, model)
        if isinstance(layer, Recurrent):
            fill_gates(record, layer, model.tensor(inputs[0])[1], layer.input_shape[2])
    model = model.identified()
    check_quantized(net, model, x, tensors, truth_value("force", force))
    return model


def checked_labels(labels: Sequence[str], classes: int) -> tuple[str, ...]:
    """The labels of so many classes, or none. Raises ValueError for others."""
    if isinstance(labels, str) or len(labels) not in (0, classes):
        given = repr(labels) if isinstance(labels, str) else f"{len(labels)} of them"
        raise ValueError(f"labels are a text for each of {classes} outputs, not {given}")
    return tuple(text(f"label {i}", label) for i, label in enumerate(labels))


def check_percentile(given: float) -> float:
    """Returns it. Raises ValueError unless it is above 50, where both ends would be the median,
    and at most 100."""
    if real_number("percentile", given) <= 50 or given > 100:
        raise ValueError(f"percentile must be above 50 and at most 100, not {given!r}")
    return float(given)


def _range(values: np.ndarray, percentile: float) -> tuple[float, float]:
    """The ends between which calibration data lie."""
    if percentile == 100:
        return float(values.min()), float(values.max())
    least, greatest = np.percentile(values, [100 - percentile, percentile])
    return float(least), float(greatest)


def _input_scale(given: float | None) -> float:
    if given is None:
        return _float32(1 / 255)
    scale = real_number("input_scale", given)
    if not SMALLEST_SCALE <= scale <= LARGEST_SCALE:
        raise ValueError(
            f"input_scale must be a finite number above 0, {SMALLEST_SCALE:.2g} to "
            f"{LARGEST_SCALE:.2g}, not {given}"
        )
    return _float32(scale)


def _check_runs_on_a_device(net: Sequential) -> None:
    last = net.layers[-1]
    if not isinstance(last, Weighted) or last.activation != "none":
        raise ValueError(
            f"layer {len(net.layers)} ({last.name}): the last layer must be a Dense, Conv2D or "
            "DepthwiseConv2D without activation: the loss reads its sums"
        )
    for number, (layer, inputs) in enumerate(zip(net.layers, net.inputs, strict=True), 1):
        if KINDS[layer.kind].shares_memory and len(net.readers_of(inputs[0])) > 1:
            raise ValueError(
                f"layer {number} ({layer.name}): another layer reads its input too: leave the "
                f"{type(layer).__name__} out (a Dense layer flattens by itself)"
            )


def _fill_record(
    record: LayerRecord,
    layer: Layer,
    ends: tuple[float, float],
    model: ModelFile,
) -> None:
    """Window, scales and parameters. ends: of the output's range."""
    _, input_scale, input_zero_point = model.tensor(record.inputs[0])
    if hasattr(layer, "window"):
        record.kernel, record.stride, record.padding = (
            layer.window.kernel,
            layer.window.stride,
            layer.window.padding,
        )
    if record.keeps_scale:
        record.output_scale, record.output_zero_point = input_scale, input_zero_point
        return
    least, greatest = ends
    record.activation = layer.activation
    if record.activation == "none":
        record.output_scale, record.output_zero_point = _affine(least, greatest)
    else:
        if record.activation == "relu6":
            greatest = min(greatest, 6.0)
        record.output_scale = _float32(greatest / 255 or FALLBACK_SCALE)
        record.output_zero_point = -128
    if not isinstance(layer, Weighted):
        return
    least_scales = np.abs(layer.biases) / (input_scale * BIAS_LIMIT)
    record.weights, record.weight_scales = quantize_weights(layer.weights, least_scales)
    record.bias_scale = input_scale
    biases = layer.biases / (record.weight_scales.astype(np.float64) * input_scale)
    record.biases = np.round(biases).astype(np.int32)


def _ends(
    layer: Layer, output: np.ndarray, percentile: float, margin: float
) -> tuple[float, float]:
    """Of the range of what a layer gave for calibration data."""
    if not np.isfinite(output).all():
        raise ValueError(f"{layer.name}: outputs are not finite: did the training diverge?")
    least, greatest = (margin * end for end in _range(output, percentile))
    if max(greatest, -least) / 255 > LARGEST_SCALE:
        raise ValueError(
            f"{layer.name}: outputs reach {max(greatest, -least):.2g}, int8 scales end at "
            f"{LARGEST_SCALE:.2g}: did the training diverge?"
        )
    return least, greatest


def _fill_table(record: LayerRecord, layer: Table, model: ModelFile) -> None:
    """The function's table, for the range that its input has."""
    _, scale, zero_point = model.tensor(record.inputs[0])
    function, parameter = layer.activation, layer.function_parameter
    record.activation, record.bias_scale = function, parameter
    ends = (scale * (end - zero_point) for end in (-128, 127))
    made = OUTPUT_RANGES.get(function) or _affine(*output_ends(function, parameter, *ends))
    record.output_scale, record.output_zero_point = made
    record.table = make_table(function, parameter, (scale, zero_point), made)


def quantize_weights(
    weights: np.ndarray, least_scales: np.ndarray | float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """weights [out][...] -> int8 of the same shape in [-127, 127], and float32 scales [out].

    The greatest weight of a channel becomes 127, unless its scale would be below least_scales
    [out]: a bias is stored in units of that scale, and beside nearly-zero weights it would not
    fit. A channel of zeros takes the greatest scale of the others. Raises ValueError for numbers
    that are not finite.
    """
    if not np.isfinite(weights).all():
        raise ValueError("weights are not finite: did the training diverge?")
    peaks = np.abs(weights).reshape(len(weights), -1).max(axis=1)
    if peaks.max() / 127 > LARGEST_SCALE:
        raise ValueError(
            f"weights reach {peaks.max():.2g}, int8 scales end at {LARGEST_SCALE:.2g}: did the "
            "training diverge?"
        )
    scales = np.where(peaks > 0, peaks / 127, peaks.max() / 127 or FALLBACK_SCALE)
    scales = np.clip(np.maximum(scales, least_scales), SMALLEST_SCALE, LARGEST_SCALE).astype(
        np.float32
    )
    quantized = np.round(weights / scales.reshape(-1, *[1] * (weights.ndim - 1)))
    return np.clip(quantized, -127, 127).astype(np.int8), scales


def _affine(least: float, greatest: float) -> tuple[float, int]:
    """Scale and zero point so that [least, greatest] and 0 are covered by int8."""
    least, greatest = min(least, 0.0), max(greatest, 0.0)
    scale = _float32((greatest - least) / 255 or FALLBACK_SCALE)
    return scale, int(np.clip(np.round(-128 - least / scale), -128, 127))


def _float32(value: float) -> float:
    return float(np.float32(min(max(value, SMALLEST_SCALE), LARGEST_SCALE)))
