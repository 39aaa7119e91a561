"""Shapes of the arrays that users pass, compared axis by axis: arrays of the same size whose axes
mean something else are refused."""

from __future__ import annotations

import math

import numpy as np

Shape = tuple[int, ...]


def is_of_shape(shape: Shape, wanted: Shape) -> bool:
    """Whether an array of a shape can be taken for the one wanted: the same axes, but for those of
    length 1, or all flattened into one."""
    return _longer_axes(shape) == _longer_axes(wanted) or shape == (math.prod(wanted),)


def _longer_axes(shape: Shape) -> Shape:
    return tuple(extent for extent in shape if extent != 1)


def many_of_shape(what: str, x: np.ndarray, wanted: Shape) -> np.ndarray:
    """x as [samples] and the shape that is wanted, (height, width, channels).

    x: [samples] and that shape, as in is_of_shape. Raises ValueError that says which axes were
    expected.
    """
    if x.ndim == 0 or not is_of_shape(x.shape[1:], wanted):
        raise ValueError(_explanation(what, x.shape, wanted))
    return x.reshape(len(x), *wanted)


def one_of_shape(what: str, x: np.ndarray, wanted: Shape) -> np.ndarray:
    """x, one sample, as the shape that is wanted; also [1] and that shape. Raises ValueError as
    many_of_shape does."""
    alone = x[0] if x.ndim > 1 and len(x) == 1 and x.shape != wanted else x
    if not is_of_shape(alone.shape, wanted):
        raise ValueError(_explanation(what, x.shape, wanted, many=False))
    return alone.reshape(wanted)


def targets_of_shape(
    y: np.ndarray, samples: int, output_shape: Shape, input_shape: Shape
) -> np.ndarray:
    """y, targets, as [samples][outputs].

    y: [samples] and the output's shape, as in is_of_shape; or, where they have as many elements,
    the input's, as an autoencoder's targets. Raises ValueError for others.
    """
    outputs = math.prod(output_shape)
    shapes = [output_shape] + ([input_shape] if math.prod(input_shape) == outputs else [])
    if y.shape[:1] != (samples,) or not any(is_of_shape(y.shape[1:], shape) for shape in shapes):
        raise ValueError(
            f"targets are [{samples}][{outputs}] for as many samples and outputs, or [{samples}] "
            f"and the output's shape {output_shape}, not {y.shape}"
        )
    return y.reshape(samples, outputs)


def _explanation(what: str, shape: Shape, wanted: Shape, many: bool = True) -> str:
    elements = math.prod(wanted)
    axes = "[samples][height][width][channels]" if many else "[height][width][channels]"
    full = (("samples",) if many else ()) + wanted
    text = (
        f"{what} are {axes}, here ({', '.join(map(str, full))}), or flattened "
        f"({elements} elements each), not {shape}"
    )
    own = shape[1:] if many else shape
    if math.prod(own) != elements:
        return f"{text}: {elements} elements, not {math.prod(own)}"
    if len(own) == 3 and own == (wanted[2], *wanted[:2]):
        order = "0, 2, 3, 1" if many else "1, 2, 0"
        return f"{text}: channels come last, x.transpose({order}) brings them there"
    return f"{text}: the same number of elements, but other axes"


def numbers(what: str, x, dtype: type = np.float32) -> np.ndarray:
    """x as an array of real numbers of a floating type; the caller's own array is not changed.
    Raises ValueError for other data."""
    array = np.asarray(x)
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{what} must be real numbers, not {array.dtype}")
    with np.errstate(over="ignore"):  # what is beyond float32 is not finite then
        return array.astype(dtype, copy=False)


def check_finite(what: str, x: np.ndarray) -> None:
    """Raises ValueError that names the sample (from 0) and the element that is not a finite
    number. x: [samples][...]."""
    if np.isfinite(x).all():
        return
    sample, element = (int(i[0]) for i in np.nonzero(~np.isfinite(x.reshape(len(x), -1))))
    place = np.unravel_index(element, x.shape[1:]) if x.ndim > 1 else ()
    where = f" at {tuple(map(int, place))}" if len(place) > 1 else ""
    raise ValueError(
        f"{what} {sample}: element {element}{where} is not a finite number "
        f"({x.reshape(len(x), -1)[sample, element]})"
    )
