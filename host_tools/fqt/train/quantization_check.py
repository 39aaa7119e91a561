"""Whether a quantized network says what the float32 one says, seen on its calibration data.

What int8 cannot hold is an error here, before a board has the file: inputs beyond the input's
range, outputs beyond what 32 bits hold or below their unit, numbers of different units in one
scale, a network whose output does not depend on its input. What may do is a QuantizationWarning.
"""

from __future__ import annotations

import warnings

import numpy as np

from fqt.file.model_file import ModelFile
from fqt.reference import Network
from fqt.run import core
from fqt.train.closeness import (
    DOUBTFUL,
    OUTPUT_UNIT,
    differs,
    error_share,
    has_nothing_in_common,
    of_places,
    spread,
)
from fqt.train.input_values import quantize_input
from fqt.train.sequential import Sequential

OUTPUT_LIMIT = 16384  # of an output: Q16 in 31 bits
COMPARED = 256  # samples at most that are compared in the core
COMPARED_SLOWLY = 8  # in the reference, where no core is built
MANY = 0.01  # the share of calibration data beyond the input's range that is no outlier any more
NAMED = 4  # features that a message names
UNIT_ADVICE = "net.standardize_data(x, y) before training lets targets have any unit"


class QuantizationWarning(UserWarning):
    """A quantized network may be worse than the float32 one: the text says where, and what to
    do."""


def check_input_range(x: np.ndarray, scale: float, is_uint8: bool, is_default: bool) -> None:
    """Calibration samples against what uint8 inputs hold, 0 to 255 * scale.

    is_uint8, is_default: whether the samples came as uint8, and whether the scale is the default.
    Raises ValueError when many lie beyond; few are a QuantizationWarning.
    """
    top = 255 * scale
    share = float(np.mean((x > top + scale / 2) | (x < -scale / 2)))
    if share == 0:
        if is_uint8 and is_default and x.any():
            _warn(
                f"calibration_x is uint8, its numbers 0 to {x.max():g} are taken as real units: a "
                "byte u that a device reads means u / 255; say input_scale=1 if the network was "
                "trained on these bytes as they are, or pass float32 numbers"
            )
        return
    text = (
        f"calibration data reach from {x.min():.4g} to {x.max():.4g}, uint8 inputs hold 0 to "
        f"{top:.4g} (255 * input_scale): {share:.1%} of them lie beyond"
    )
    if x.min() < -scale / 2:
        advice = "input_type='int8' holds numbers below 0"
    elif is_default:
        advice = (
            "pass x / 255 if the network was trained on that, input_scale=1 if it was trained on "
            "these numbers as they are"
        )
    else:
        advice = f"input_scale={x.max() / 255:.4g} holds them"
    if share > MANY:
        raise ValueError(f"{text}: {advice}")
    _warn(f"{text}, and are cut off: {advice}")


def check_bytes(x: np.ndarray) -> None:
    """Calibration samples of a network with an input_map against bytes, which a device takes as
    the numbers that they are. Raises ValueError when some are none; a QuantizationWarning when
    all are 0 and 1."""
    if x.min() < 0 or x.max() > 255:
        raise ValueError(
            f"calibration data reach from {x.min():.4g} to {x.max():.4g}, bytes from 0 to 255: "
            "input_type='int8' lets a device take these numbers, as float or int16 arrays"
        )
    if x.max() <= 1:
        _warn(
            "calibration data are 0 to 1, and a byte that a device reads counts as the number "
            "that it is, 0 to 255: give standardize_data, fit and quantize the bytes as they are"
        )


def check_quantized(
    net: Sequential,
    model: ModelFile,
    raw: np.ndarray,
    tensors: list[np.ndarray],
    force: bool = False,
) -> None:
    """The model against the network that it was made of. raw: calibration samples, tensors: what
    the network makes of them. Raises ValueError when the model is unusable; what is doubtful, and
    with force outputs that have nothing in common, is a QuantizationWarning."""
    outputs = tensors[-1].reshape(len(raw), -1).astype(np.float64)
    _check_output_range(net, outputs)
    for text in _check_alive(net, tensors, outputs):
        _warn(text)
    picked, got = _integer_outputs(model, raw)
    got, want = (of_places(net.loss, one, net.classes) for one in (got, outputs[picked]))
    error = error_share(net.loss, got, want)
    if error <= DOUBTFUL:
        return
    text = (
        f"the quantized network's outputs are off by {error:.2g} times what tells calibration "
        f"samples apart: {_cause(net, model, raw, tensors, outputs)}"
    )
    if has_nothing_in_common(net.loss, got, want) and not force:
        raise ValueError(text)
    _warn(text)


def _warn(text: str) -> None:
    warnings.warn(text, QuantizationWarning, stacklevel=4)  # where quantize was called


def _last(net: Sequential) -> str:
    return _place(net, len(net.layers))


def _place(net: Sequential, number: int) -> str:
    return f"layer {number} ({net.layers[number - 1].name})"


def _check_output_range(net: Sequential, outputs: np.ndarray) -> None:
    greatest = float(np.abs(outputs).max())
    if greatest < OUTPUT_LIMIT:
        return
    advice = "did the training diverge?"
    if net.loss == "mean_squared_error" and net.output_map is None:
        advice = UNIT_ADVICE
    raise ValueError(
        f"{_last(net)}: outputs reach {greatest:.4g} on calibration data, a device's are within "
        f"+-{OUTPUT_LIMIT}: {advice}"
    )


def _check_alive(net: Sequential, tensors: list[np.ndarray], outputs: np.ndarray) -> list[str]:
    """Raises ValueError when outputs do not depend on the input, but for a last layer of zeros,
    which begins so; returns what to warn of, other layers that are always 0."""
    x = tensors[0]
    if not differs(x):
        return []
    doubts = []
    for number, (layer, output) in enumerate(zip(net.layers, tensors[1:], strict=True), 1):
        activation = getattr(layer, "activation", "none")
        is_dead = activation != "none" and not output.any()
        begins = number == len(net.layers) and not layer.parameters["weights"].any()
        if not differs(outputs) and not begins and not differs(output):
            value = "0" if is_dead else "the same"
            raise ValueError(
                f"{_place(net, number)}: its outputs are {value} for all {len(x)} calibration "
                "samples, so that the network's do not depend on its input: it is dead; train it "
                "again from reset() with a lower lr"
            )
        if is_dead:
            doubts.append(
                f"{_place(net, number)}: its outputs are 0 for all {len(x)} calibration samples, "
                f"{activation} passes nothing: it will not train either; reset it and train again"
            )
    return doubts


def _integer_outputs(model: ModelFile, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which calibration samples were run, and the device's outputs for them, the network's own
    numbers."""
    try:
        network: core.Model | Network = core.Model(model)
        picked = spread(len(x), COMPARED)
    except OSError:  # the core is not built here
        network = Network(model)
        picked = spread(len(x), COMPARED_SLOWLY)
    outputs = [network.logits(sample) for sample in quantize_input(model, x[picked])]
    return picked, np.stack(outputs) / 65536


def _cause(
    net: Sequential,
    model: ModelFile,
    raw: np.ndarray,
    tensors: list[np.ndarray],
    outputs: np.ndarray,
) -> str:
    """What makes a quantized network's outputs unlike float32's, and what helps."""
    deviation = float(outputs.std(axis=0).max())
    if deviation < 16 * OUTPUT_UNIT:
        return (
            f"{_last(net)}: outputs differ by {deviation:.2g} from sample to sample, a device's "
            f"are in steps of {OUTPUT_UNIT:.2g}: {_unit_advice(net)}"
        )
    vanishing = _vanishing_features(model, tensors[0])
    if vanishing:
        return (
            f"inputs are in steps of {model.input_scale:.2g}, {vanishing} vary by less: "
            "net.standardize_data(x) before training brings each to mean 0 and deviation 1, here "
            "and on the device"
        )
    number, share = _worst_layer(net, model, raw, tensors)
    return (
        f"{_place(net, number)} loses most, its outputs are off by {share:.2g}: its weights, or "
        "what it reads, have values of very different sizes; scale them alike, or train longer "
        "with weight_decay"
    )


def _unit_advice(net: Sequential) -> str:
    if net.loss == "mean_squared_error" and net.output_map is None:
        return UNIT_ADVICE
    return "train longer, or with a higher lr"


def _vanishing_features(model: ModelFile, x: np.ndarray) -> str:
    """The input's channels (elements, where it is 1 x 1) that differ from sample to sample, but
    by less than the input's step."""
    flat = x.reshape(-1, x.shape[-1]).astype(np.float64)
    deviations = flat.std(axis=0)
    small = np.flatnonzero((deviations > 0) & (deviations < model.input_scale))
    if not len(small):
        return ""
    named = ", ".join(f"{i} ({deviations[i]:.2g})" for i in small[:NAMED])
    more = f" and {len(small) - NAMED} more" if len(small) > NAMED else ""
    return f"channels {named}{more}"


def _worst_layer(
    net: Sequential, model: ModelFile, raw: np.ndarray, tensors: list[np.ndarray]
) -> tuple[int, float]:
    """The layer (from 1) at which the error grows most, and its error as in error_share."""
    network = Network(model)
    samples = quantize_input(model, raw[:COMPARED_SLOWLY])
    got: list[list[np.ndarray]] = [[] for _ in net.layers]
    for sample in samples:
        logits = network.logits(sample) / 65536
        for i, tensor in enumerate(network.tensors[1:-1]):
            got[i].append((tensor.values.astype(np.float64) - tensor.zero_point) * tensor.scale)
        got[-1].append(logits)
    shares = []
    for of_layer, want in zip(got, tensors[1:], strict=True):
        want = want[: len(samples)].reshape(len(samples), -1).astype(np.float64)
        shares.append(error_share("", np.stack(of_layer).reshape(want.shape), want))
    growth = np.diff(np.concatenate([[0.0], np.minimum(shares, 1e6)]))
    worst = int(growth.argmax())
    return worst + 1, shares[worst]
