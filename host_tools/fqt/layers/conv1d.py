"""Convolution over time: a Conv2D whose images are one row high."""

from __future__ import annotations

from fqt.arguments import whole_number, whole_numbers
from fqt.layers.conv2d import Conv2D
from fqt.layers.limits import LARGEST_KERNEL


class Conv1D(Conv2D):
    """Convolution over (1, time, channels), weights [out][1][kernel][in].

    kernel, stride: numbers of time steps. padding: "valid", "same", a number for both ends, or
    (before, after). In a model file it is a conv2d.
    """

    def __init__(
        self,
        units: int,
        kernel: int,
        stride: int = 1,
        padding: str | int | tuple[int, int] = "valid",
        activation: str = "none",
        *,
        name: str | None = None,
        source: str | None = None,
    ):
        kernel = whole_number("kernel, in time steps,", kernel, 1, LARGEST_KERNEL)
        stride = whole_number("stride, in time steps,", stride, 1, LARGEST_KERNEL)
        ends = _padding_of_both_ends(padding)
        super().__init__(
            units, (1, kernel), (1, stride), ends, activation, name=name, source=source
        )

    def build(self, input_shape, rng):
        if len(input_shape) != 3 or input_shape[0] != 1:
            raise ValueError(f"time series are (1, time, channels), not {input_shape}")
        super().build(input_shape, rng)


def _padding_of_both_ends(padding) -> str | tuple[int, int, int, int]:
    """A Conv1D's padding as a Conv2D's. Raises ValueError for what it cannot be."""
    if isinstance(padding, str) and padding in ("same", "valid"):
        return padding
    ends = whole_numbers(padding, 2, 0, LARGEST_KERNEL - 1)
    if ends is None:
        advice = ": causal padding is (kernel - 1, 0)" if isinstance(padding, str) else ""
        raise ValueError(
            "padding of a Conv1D is 'same', 'valid', a number or (before, after), "
            f"0 or more and below the kernel, not {padding!r}{advice}"
        )
    return 0, 0, *ends
