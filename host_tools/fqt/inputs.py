"""What users pass to a model: checked in one place, with the same messages for the reference and
the core."""

from __future__ import annotations

import math

import numpy as np

from fqt.arguments import is_whole_number, real_number
from fqt.shapes import numbers, one_of_shape, targets_of_shape

IGNORED = 255  # the label of a pixel that does not count
MASTERS = (8, 12, 16)  # bits kept of each trainable weight
DEFAULT_MASTER = 12  # on a device too (micropython_lib/fqt/model.py)
GREATEST_BATCH = 65535  # as on a device: a step's share of the learning rate stays above 0


class DivergenceError(RuntimeError):
    """Training ran away: the text names the layer."""


def check_diverged(model, layer_number: int, silent: bool = False, lr: float = 0.0) -> None:
    """Raises DivergenceError when the number (from 1) of a layer that diverged is not 0. silent:
    its output is 0; lr: the learning rate that it was seen at."""
    if not layer_number:
        return
    if silent and lr > 0:
        seen = (
            "diverged, or samples are dark: its output is 0 for 1000 of them; if it died, "
            "restore() or reset()"
        )
    elif silent:
        seen = (
            "is silent: its output is 0 for 1000 samples: are they dark? If it died, restore() "
            "good weights or reset() it"
        )
    elif lr > 0:
        seen = (
            "diverged: its output stays beyond its range; lower lr, and restore() the last good "
            "weights"
        )
    else:
        seen = (
            "is beyond its range though lr is 0: restore() good weights or reset() it; see clipped"
        )
    raise DivergenceError(f"layer {layer_number} ({model.layers[layer_number - 1].name}) {seen}")


def check_master(master: int) -> int:
    """Returns it. Raises ValueError unless it is one of MASTERS."""
    if not is_whole_number(master, 8, 16) or master not in MASTERS:
        raise ValueError(
            f"master is 8, 12 or 16 (bits kept of each trainable weight), not {master!r}"
        )
    return int(master)


def check_batch(batch: int) -> int:
    """Returns it. Raises ValueError unless it is 1 to 65535."""
    if not is_whole_number(batch, 1, GREATEST_BATCH):
        raise ValueError(
            f"batch is 1 to {GREATEST_BATCH} (steps whose gradients are summed before an update), "
            f"not {batch!r}"
        )
    return int(batch)


def check_layer(model, layer: str | int) -> int:
    """The number, from 0, of a layer that is named, or numbered from 1. Raises ValueError when
    there is none of it."""
    names = [record.name for record in model.layers]
    if isinstance(layer, str) and layer in names:
        return names.index(layer)
    if not is_whole_number(layer, 1, len(names)):
        raise ValueError(f"layers are {', '.join(names)}, or 1 to {len(names)}, not {layer!r}")
    return int(layer) - 1


def check_trainable(model, i: int) -> int:
    """i, a layer's number from 0. Raises ValueError unless it trains."""
    if not model.layers[i].trainable:
        raise ValueError(
            f"layer {i + 1} ({model.layers[i].name}) does not train: quantize(..., train=) chooses"
        )
    return i


def check_learning_rate(lr: float) -> float:
    """lr as a float32 value; subnormal numbers count as 0. Raises ValueError unless finite and >=
    0."""
    return float32_number("lr", lr)


def float32_number(what: str, value: float) -> float:
    """A setting of training as a float32 value; subnormal numbers count as 0. Raises ValueError
    unless finite and >= 0."""
    number = np.float32(real_number(what, value, 0))
    return float(number) if number >= np.finfo(np.float32).tiny else 0.0


def check_label(classes: int, label: int) -> int:
    """The label as an int. Raises ValueError when it is none of so many classes."""
    if not is_whole_number(label, 0, classes - 1):
        raise ValueError(f"label must be 0 to {classes - 1}, not {label!r}")
    return int(label)


def integers(values) -> np.ndarray:
    """Integers as users pass them, also as bytes."""
    if isinstance(values, (bytes, bytearray, memoryview)):
        return np.frombuffer(values, np.uint8)
    return np.asarray(values)


def labels_of(model, labels: np.ndarray, samples: int) -> np.ndarray:
    """Labels of samples, with pixelwise cross-entropy those of their pixels, [samples][pixels].
    Raises ValueError for others."""
    if model.is_pixelwise:
        return check_pixel_labels(model, labels, samples)
    if labels.shape != (samples,) or (samples and labels.dtype.kind not in "iu"):
        raise ValueError(
            f"{samples} samples need as many integer labels, "
            f"not {labels.dtype} of shape {labels.shape}"
        )
    for label in (labels.min(), labels.max()) if labels.size else ():
        check_label(max(model.classes, 2), int(label))
    return labels


def are_no_labels(labels: np.ndarray, classes: int) -> np.ndarray:
    """Which labels of pixels are neither below `classes` nor IGNORED."""
    return (labels != IGNORED) & ((labels < 0) | (labels >= classes))


def check_pixel_labels(model, labels: np.ndarray, samples: int) -> np.ndarray:
    """Labels of pixels, integers, as [samples][pixels]. labels: [samples] and the output's height
    and width, or flattened. Raises ValueError for others."""
    if labels.dtype.kind not in "iu" or labels.size != samples * model.pixels:
        raise ValueError(
            f"target must be the labels of {model.pixels} pixels, integers, row by row; not "
            f"{labels.dtype} of shape {labels.shape[1:]}"
        )
    labels = labels.reshape(samples, model.pixels)
    wrong = are_no_labels(labels, model.classes)
    if wrong.any():
        raise ValueError(
            f"the label of pixel {np.nonzero(wrong)[1][0]} must be 0 to {model.classes - 1}, or "
            f"{IGNORED}: it does not count"
        )
    return labels


def sample_of(model, x) -> np.ndarray:
    """One sample as the model takes it, in the shape that it came in: int8 as the network reads
    it, uint8 as a byte, float32 real numbers. With a map of the input these are in the user's
    units, and int16 and uint8 samples too; int8 samples are quantized already.

    Raises ValueError for another type, another number of elements or order of axes, and for
    numbers that are not finite.
    """
    x = np.asarray(x)
    if x.dtype.kind == "f":
        x = numbers("input", x)
        if not np.isfinite(x).all():
            raise ValueError(
                f"input element {int(np.argmin(np.isfinite(x.ravel())))} is not a finite number"
            )
    elif model.input_map is not None and x.dtype in (np.int8, np.int16, model.input_type):
        x = x if x.dtype == np.int8 else x.astype(np.float32)
    elif x.dtype != model.input_type:
        raise ValueError(
            f"input must be {model.input_type} or float, not {x.dtype} (with a map of the input: "
            "int16 too)"
        )
    elements = math.prod(model.input_shape)
    if x.size != elements:
        raise ValueError(f"a sample has {elements} elements, not {x.size}")
    one_of_shape("samples", x, model.input_shape)
    return x


TARGET_LIMIT = 16383 << 16


def check_targets(model, targets) -> np.ndarray:
    """Targets of one sample or many, real numbers, as float32 of the same shape. Raises ValueError
    for numbers that are not finite, or with binary cross-entropy not in 0 to 1."""
    values = numbers("targets", targets)
    if not np.isfinite(values).all():
        raise ValueError("targets must be finite numbers")
    if model.loss == "binary_cross_entropy" and ((values < 0) | (values > 1)).any():
        raise ValueError("targets of binary_cross_entropy must be 0 to 1")
    return values


def targets_beyond(model) -> ValueError:
    """The error for targets that are beyond what Q16 holds."""
    if model.output_map is None:
        return ValueError(
            "targets must be -16383 to 16383: net.standardize_data(x, y) before training lets "
            "them have any unit"
        )
    return ValueError(
        "targets must be within 16383 scales of the offset in the outputs' map: map_output() sets "
        "it"
    )


def target_of(model, target) -> np.ndarray:
    """A sample's target as float32 [outputs]. target: as many numbers, or one when there is one
    output. Raises ValueError when they do not fit."""
    values = check_targets(model, target)
    if values.size != model.outputs:
        raise ValueError(f"a target has {model.outputs} numbers, not {values.size}")
    alone = values.reshape(1, *values.shape)
    return targets_of_shape(alone, 1, model.layers[-1].output_shape, model.input_shape)[0]


def check_input_is_target(model) -> None:
    """Raises ValueError unless the input can be the target (None as target)."""
    if model.output_map is not None:
        raise ValueError("a target is needed: the outputs have a map, the input is in other units")
    elements = math.prod(model.input_shape)
    if elements != model.outputs:
        raise ValueError(
            f"a target is needed: the input has {elements} elements, the output {model.outputs}"
        )


def own_targets(model, inputs: np.ndarray) -> np.ndarray:
    """Inputs as targets, both Q16, limited as other targets are. Raises ValueError with binary
    cross-entropy when they are not in 0 to 1."""
    if model.loss == "binary_cross_entropy" and ((inputs < 0) | (inputs > 65536)).any():
        raise ValueError(
            "targets of binary_cross_entropy must be 0 to 1, and inputs are to be their own: "
            "pass targets"
        )
    return np.clip(inputs, -TARGET_LIMIT, TARGET_LIMIT)
