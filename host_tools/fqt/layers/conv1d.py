"""Convolution over time: a Conv2D whose images are one row high."""

from __future__ import annotations

from fqt.layers.conv2d import Conv2D


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
        if isinstance(padding, int):
            padding = (padding, padding)
        if not isinstance(padding, str):
            padding = (0, 0, *padding)
        super().__init__(
            units, (1, kernel), (1, stride), padding, activation, name=name, source=source
        )

    def build(self, input_shape, rng):
        if len(input_shape) != 3 or input_shape[0] != 1:
            raise ValueError(f"time series are (1, time, channels), not {input_shape}")
        super().build(input_shape, rng)
