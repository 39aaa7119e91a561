"""Upsampling and transposed convolutions as readers find them, in what the graph has: an
upsampling by whole factors, and behind one with zeros a convolution (docs/arithmetic.md, section
4)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fqt.importers.graph import refuse

WHOLE = "upsample by whole factors, nearest neighbour"


def factors_of(place: str, given: tuple[int, ...], made: tuple[int, ...]) -> tuple[int, int]:
    """How many times the height and the width (of each the last two numbers) become. Raises
    ValueError unless these are whole."""
    if any(before < 1 or after % before for before, after in zip(given, made, strict=True)):
        refuse(place, f"{given} does not become {made} by whole factors", WHOLE)
    height, width = (after // before for before, after in zip(given, made, strict=True))
    return height, width


def check_nearest(place: str, size: int, factor: int, coordinates: str, rounding: str) -> None:
    """Raises ValueError unless each element of a row of `size` is repeated `factor` times.
    coordinates, rounding: coordinate_transformation_mode and nearest_mode of ONNX's Resize."""
    at = np.arange(size * factor)
    places = {
        "asymmetric": at / factor,
        "half_pixel": (at + 0.5) / factor - 0.5,
        "pytorch_half_pixel": (at + 0.5) / factor - 0.5 * (size * factor > 1),
        "tf_half_pixel_for_nn": (at + 0.5) / factor,
        "align_corners": at * ((size - 1) / max(size * factor - 1, 1)),
    }.get(coordinates)
    roundings: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "round_prefer_floor": lambda x: np.ceil(x - 0.5),
        "round_prefer_ceil": lambda x: np.floor(x + 0.5),
        "floor": np.floor,
        "ceil": np.ceil,
    }
    if places is not None and rounding in roundings:
        read = np.clip(roundings[rounding](places), 0, size - 1)
        if np.array_equal(read, at // factor):
            return
    refuse(place, f"{coordinates} with {rounding} does not repeat each element alike", WHOLE)


def transposed_padding(
    place: str,
    given: tuple[int, ...],
    made: tuple[int, ...],
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    cut: tuple[int, ...],
) -> tuple[int, ...]:
    """The padding, (top, bottom, left, right), of the convolution that a transposed one is behind
    zeros. given, made: height and width before and behind it; cut: what it leaves out above and on
    the left. Raises ValueError where no padding does that."""
    padding: list[int] = []
    for size, output, taps, step, first in zip(given, made, kernel, stride, cut, strict=True):
        before = taps - 1 - first
        after = output + taps - 1 - size * step - before
        if min(before, after) < 0 or max(before, after) >= taps:
            refuse(
                place,
                f"its window is {tuple(kernel)} with stride {tuple(stride)}, from {tuple(given)} "
                f"to {tuple(made)}",
                "give it a kernel of at least its stride, or an output padding that fills up the "
                "last stride, and cut off less than the kernel",
            )
        padding += [before, after]
    return tuple(padding)


def turned(weights: np.ndarray) -> np.ndarray:
    """[out][kernel height][kernel width][in] with the taps the other way round."""
    return np.ascontiguousarray(weights[:, ::-1, ::-1])
