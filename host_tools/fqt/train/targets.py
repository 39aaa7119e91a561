"""What samples should give, checked before training in float32: labels of classes, or numbers."""

from __future__ import annotations

import math

import numpy as np

from fqt.inputs import IGNORED, are_no_labels
from fqt.shapes import check_finite, numbers, targets_of_shape


def check_labels(y, samples: int, classes: int, place: str = "") -> np.ndarray:
    """y as integers [samples], each below `classes`. Raises ValueError for others. place: what the
    message begins with."""
    y = np.asarray(y)
    if y.dtype.kind not in "iu" or y.shape != (samples,):
        raise ValueError(
            f"{place}{samples} samples need as many integer labels, "
            f"not {y.dtype} of shape {y.shape}"
        )
    for label in (y.min(), y.max()):
        if not 0 <= label < classes:
            raise ValueError(f"{place}labels must be 0 to {classes - 1}, not {label}")
    return y


def check_pixel_labels(y, samples: int, output_shape: tuple[int, ...]) -> np.ndarray:
    """y as integers [samples][pixels], each below the channels of the output or IGNORED. y:
    [samples][height][width] or [samples][pixels]. Raises ValueError for others."""
    height, width, classes = output_shape
    y = np.asarray(y)
    if y.dtype.kind not in "iu" or y.shape[:1] != (samples,) or y[0].size != height * width:
        raise ValueError(
            f"pixelwise_cross_entropy needs integer labels [{samples}][{height}][{width}], one a "
            f"pixel of the output, not {y.dtype} of shape {y.shape}"
        )
    wrong = y[are_no_labels(y, classes)]
    if wrong.size:
        raise ValueError(
            f"labels of pixels must be 0 to {classes - 1}, or {IGNORED}, which does not count, "
            f"not {wrong[0]}"
        )
    return y.reshape(samples, -1)


def check_targets(y, x: np.ndarray, output_shape: tuple[int, ...], loss: str) -> np.ndarray:
    """y as float32 [samples][outputs].

    y: [samples] and the last layer's output shape, or [samples][outputs]; [samples] will do for
    one output; None: x, the samples themselves, [samples][height][width][channels], whose own
    shape fits y too when they have as many elements. Raises ValueError for others.
    """
    outputs = math.prod(output_shape)
    elements = math.prod(x.shape[1:])
    if y is None:
        if elements != outputs:
            raise ValueError(
                f"targets are needed: the input has {elements} elements, the output {outputs}"
            )
        y = x
    y = numbers("targets", y)
    y = targets_of_shape(y, len(x), output_shape, x.shape[1:])
    check_finite("targets must be finite numbers: target", y)
    if loss == "binary_cross_entropy" and (y.min() < 0 or y.max() > 1):
        raise ValueError("targets of binary_cross_entropy must be 0 to 1")
    return y
