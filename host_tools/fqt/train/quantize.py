"""From a float32 network to a quantized model file.

Weights are int8, symmetric, one scale an output channel; activations int8 with scales that
calibration data give; biases int32 (docs/arithmetic.md, sections 3 and 4). Batch normalization is
folded into the layer before it.
"""

from __future__ import annotations

import zlib

import numpy as np

from fqt.arguments import whole_number
from fqt.file.model_checks import LARGEST_SCALE, SMALLEST_SCALE
from fqt.file.model_file import KEEPS_SCALE, LayerRecord, ModelFile
from fqt.layers import Add, BatchNormalization, Layer, Weighted
from fqt.train.sequential import Sequential, trainable_names

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
) -> ModelFile:
    """The network as a model file.

    calibration_x: [samples][height][width][channels] in real units, samples like those to come; a
    hundred are plenty. train: what trains on the device, as in trainable_names. input_type
    "uint8": a device takes bytes u that mean u * input_scale (1/255 when not given); "int8": the
    input's scale and zero point come from calibration_x, and devices take float arrays or what
    quantize_input gives. seed: of the stochastic rounding on the device. Raises ValueError for
    data that do not fit, and for a network that a device does not run: its last layer must have
    weights and no activation, and a Flatten must be alone in reading its input.
    """
    net = folded(net)
    _check_runs_on_a_device(net)
    x = net.samples(calibration_x, "calibration sample")
    if not len(x):
        raise ValueError("calibration data must be at least one sample")
    if input_type == "uint8":
        input_scale = 1 / 255 if input_scale is None else input_scale
        if not 0 < input_scale < np.inf:
            raise ValueError(f"input_scale must be a finite number above 0, not {input_scale}")
        scale, zero_point = _float32(input_scale), -128
    elif input_type == "int8":
        if input_scale is not None:
            raise ValueError(
                "input_scale goes with input_type 'uint8': "
                "that of 'int8' comes from calibration data"
            )
        scale, zero_point = _affine(float(x.min()), float(x.max()))
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
    )
    names = trainable_names(net, train)
    tensors = net.tensors(x)
    moves = [False]  # each tensor: whether training changes it
    for layer, inputs, output in zip(net.layers, net.inputs, tensors[1:], strict=True):
        record = LayerRecord(layer.kind, layer.name, layer.output_shape, inputs=inputs)
        record.trainable = layer.name in names
        moves.append(record.trainable or any(moves[tensor] for tensor in inputs))
        # The device follows the ranges of layers with weights where these train themselves.
        follows = record.trainable if record.has_weights else moves[-1]
        _fill_record(record, layer, output, model, TRAINABLE_MARGIN if follows else 1.0)
        model.layers.append(record)
    model.identity = zlib.crc32(model.to_bytes())
    return ModelFile.from_bytes(model.to_bytes())


def folded(net: Sequential) -> Sequential:
    """A network of its own with equal outputs and without batch normalizations: what trains on a
    device.

    Each one's running statistics, gamma and beta go into the weights and biases of the layer that
    it follows, which keeps its name and takes the normalization's activation.
    """
    net = net.copy()
    makers = ["input"]  # of each tensor: the name of the layer that makes it when all are folded
    layers = []
    for layer, inputs in zip(net.layers, net.inputs, strict=True):
        sources = [makers[tensor] for tensor in inputs]
        if isinstance(layer, BatchNormalization):
            _fold(layer, net.layers[inputs[0] - 1])
            makers.append(sources[0])
            continue
        makers.append(layer.name)
        layer.source = sources[0]
        if isinstance(layer, Add):
            layer.other = sources[1]
        layers.append(layer)
    return Sequential(layers, net.input_shape, name=net.name, loss=net.loss)


def _fold(normalization: BatchNormalization, into: Weighted) -> None:
    """gamma * (w x + b - mean) / sqrt(variance + epsilon) + beta = (w * factor) x + (b - mean) *
    factor + beta, channel by channel."""
    factors = normalization.gamma / np.sqrt(normalization.running_variance + normalization.epsilon)
    into.weights = into.weights * factors.reshape(-1, *[1] * (into.weights.ndim - 1))
    into.biases = (into.biases - normalization.running_mean) * factors + normalization.beta
    into.activation = normalization.activation


def _check_runs_on_a_device(net: Sequential) -> None:
    last = net.layers[-1]
    if not isinstance(last, Weighted) or last.activation != "none":
        raise ValueError(
            f"layer {len(net.layers)} ({last.name}): the last layer must be a Dense, Conv2D or "
            "DepthwiseConv2D without activation: the loss reads its sums"
        )
    for number, (layer, inputs) in enumerate(zip(net.layers, net.inputs, strict=True), 1):
        if layer.kind == "flatten" and len(net.readers_of(inputs[0])) > 1:
            raise ValueError(
                f"layer {number} ({layer.name}): another layer reads its input too: leave the "
                "Flatten out (a Dense layer flattens by itself)"
            )


def _fill_record(
    record: LayerRecord, layer: Layer, output: np.ndarray, model: ModelFile, margin: float
) -> None:
    """Window, scales and parameters. output: what the layer gave for calibration data."""
    _, input_scale, input_zero_point = model.tensor(record.inputs[0])
    if hasattr(layer, "window"):
        record.kernel, record.stride, record.padding = (
            layer.window.kernel,
            layer.window.stride,
            layer.window.padding,
        )
    if layer.kind in KEEPS_SCALE:
        record.output_scale, record.output_zero_point = input_scale, input_zero_point
        return
    if not np.isfinite(output).all():
        raise ValueError(f"{layer.name}: outputs are not finite: did the training diverge?")
    least, greatest = float(output.min()) * margin, float(output.max()) * margin
    record.activation = getattr(layer, "activation", "none")
    if record.activation == "none":
        record.output_scale, record.output_zero_point = _affine(least, greatest)
    else:
        if record.activation == "relu6":
            greatest = min(greatest, 6.0)
        record.output_scale = _float32(greatest / 255 or FALLBACK_SCALE)
        record.output_zero_point = -128
    if not record.has_weights:
        return
    least_scales = np.abs(layer.biases) / (input_scale * BIAS_LIMIT)
    record.weights, record.weight_scales = quantize_weights(layer.weights, least_scales)
    record.bias_scale = input_scale
    biases = layer.biases / (record.weight_scales.astype(np.float64) * input_scale)
    record.biases = np.round(biases).astype(np.int32)


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
    scales = np.where(peaks > 0, peaks / 127, peaks.max() / 127 or FALLBACK_SCALE)
    scales = np.clip(np.maximum(scales, least_scales), SMALLEST_SCALE, LARGEST_SCALE).astype(
        np.float32
    )
    quantized = np.round(weights / scales.reshape(-1, *[1] * (weights.ndim - 1)))
    return np.clip(quantized, -127, 127).astype(np.int8), scales


def quantize_input(model: ModelFile, x: np.ndarray) -> np.ndarray:
    """Samples in real units as the uint8 or int8 values that a device takes; the shape stays.

    Numbers beyond the input's range become its ends. Raises ValueError for numbers that are not
    finite.
    """
    x = np.asarray(x, np.float64)
    if not np.isfinite(x).all():
        raise ValueError("input has numbers that are not finite")
    q = np.floor(x / model.input_scale + 0.5) + model.input_zero_point  # halves up, as the device
    q = np.clip(q, -128, 127).astype(np.int8)
    return q.view(np.uint8) ^ 0x80 if model.input_type == "uint8" else q


def _affine(least: float, greatest: float) -> tuple[float, int]:
    """Scale and zero point so that [least, greatest] and 0 are covered by int8."""
    least, greatest = min(least, 0.0), max(greatest, 0.0)
    scale = _float32((greatest - least) / 255 or FALLBACK_SCALE)
    return scale, int(np.clip(np.round(-128 - least / scale), -128, 127))


def _float32(value: float) -> float:
    return float(np.float32(min(max(value, SMALLEST_SCALE), LARGEST_SCALE)))
