"""A sliding window: the shape rule and the padding of convolutions and pooling."""

from __future__ import annotations

import numpy as np

from fqt.arguments import whole_numbers
from fqt.layers.limits import LARGEST_KERNEL


class Window:
    """Where a kernel reads.

    kernel, stride: a number or (height, width). padding: "valid" (none), "same" (output = input /
    stride, rounded up; TensorFlow's placement), one number for all sides, or (top, bottom, left,
    right); below the kernel's extent, so that every window reads the input.
    """

    def __init__(self, kernel, stride, padding):
        self.kernel = pair(kernel)
        self.stride = pair(stride)
        self.wanted_padding = padding
        self.padding = (0, 0, 0, 0)
        self.output_extents = (0, 0)

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, int]:
        """Set the padding; give the output's height and width. Raises ValueError when the window
        does not fit."""
        if len(input_shape) != 3:
            raise ValueError(
                f"a window slides over height x width x channels, not over {input_shape}"
            )
        padding = check_padding(self.wanted_padding)
        if padding == "same":
            sides = []
            for size, kernel, stride in zip(input_shape, self.kernel, self.stride, strict=False):
                total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
                sides += [total // 2, total - total // 2]
            self.padding = tuple(sides)
        elif padding == "valid":
            self.padding = (0, 0, 0, 0)
        else:
            self.padding = padding
        top, bottom, left, right = self.padding
        extents = []
        for size, before, after, kernel, stride in (
            (input_shape[0], top, bottom, self.kernel[0], self.stride[0]),
            (input_shape[1], left, right, self.kernel[1], self.stride[1]),
        ):
            if not 0 <= min(before, after) <= max(before, after) < kernel:
                raise ValueError(
                    f"padding {self.padding} must be 0 or more and below the kernel {self.kernel}"
                )
            size += before + after
            if kernel > size:
                raise ValueError(
                    f"kernel {self.kernel} is larger than the padded input of {input_shape}"
                )
            extents.append((size - kernel) // stride + 1)
        self.output_extents = (extents[0], extents[1])
        return self.output_extents

    @property
    def is_point(self) -> bool:
        """Whether each output reads just the input at its own place."""
        return self.kernel == (1, 1) and self.stride == (1, 1)

    def pad(self, x: np.ndarray, value: float) -> np.ndarray:
        if not any(self.padding):
            return x
        top, bottom, left, right = self.padding
        batch, height, width, channels = x.shape
        # A third of np.pad's time for small images.
        shape = (batch, top + height + bottom, left + width + right, channels)
        padded = np.full(shape, value, x.dtype)
        padded[:, top : top + height, left : left + width] = x
        return padded

    def view(self, padded: np.ndarray) -> np.ndarray:
        """What each tap of the kernel reads, [ky][kx][batch][oy][ox][c], without a copy."""
        padded = np.ascontiguousarray(padded)
        of_batch, of_row, of_column, of_channel = padded.strides
        batch, _, _, channels = padded.shape
        strides = (
            of_row,
            of_column,
            of_batch,
            of_row * self.stride[0],
            of_column * self.stride[1],
            of_channel,
        )
        shape = (*self.kernel, batch, *self.output_extents, channels)
        return np.ndarray(shape, padded.dtype, padded, 0, strides)

    def columns(self, padded: np.ndarray) -> np.ndarray:
        """What each window reads, [batch * oy * ox][ky * kx * c]; a copy unless it is a point."""
        channels = padded.shape[3]
        if self.is_point:
            return padded.reshape(-1, channels)
        windows = self.view(padded).transpose(2, 3, 4, 0, 1, 5)
        return windows.reshape(-1, self.kernel[0] * self.kernel[1] * channels)

    def scatter(self, of_taps: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        """The other way: at each place of the padded input, of that shape, the sum of what the
        taps that read it have. of_taps: [ky * kx][batch][oy][ox][c]."""
        sums = np.zeros(shape, of_taps.dtype)
        for tap, of_tap in enumerate(of_taps):
            read = sums[(slice(None), *self.tap_slices(tap))]
            read += of_tap
        return sums

    def tap_slices(self, tap: int) -> tuple[slice, slice]:
        """The rows and columns of the padded input that a tap, ky * width + kx, reads."""
        ky, kx = divmod(tap, self.kernel[1])
        (rows, columns), (stride_y, stride_x) = self.output_extents, self.stride
        return (
            slice(ky, ky + (rows - 1) * stride_y + 1, stride_y),
            slice(kx, kx + (columns - 1) * stride_x + 1, stride_x),
        )

    def cut(self, padded: np.ndarray, input_shape: tuple[int, ...]) -> np.ndarray:
        """Without the padding, a view."""
        if not any(self.padding):
            return padded
        top, left = self.padding[0], self.padding[2]
        return padded[:, top : top + input_shape[0], left : left + input_shape[1]]


def pair(value) -> tuple[int, int]:
    """A number or (height, width) as the latter. Raises ValueError for others."""
    both = whole_numbers(value, 2, 1, LARGEST_KERNEL)
    if both is None:
        raise ValueError(
            "a kernel or stride is a number or (height, width), "
            f"1 to {LARGEST_KERNEL}, not {value!r}"
        )
    return both


def check_padding(value) -> str | tuple[int, int, int, int]:
    """ "same", "valid", or (top, bottom, left, right): that, or a number for all sides. Raises
    ValueError for others."""
    if isinstance(value, str) and value in ("same", "valid"):
        return value
    sides = whole_numbers(value, 4, 0, LARGEST_KERNEL - 1)
    if sides is None:
        raise ValueError(
            "padding is 'same', 'valid', a number or (top, bottom, left, right), "
            f"0 or more and below the kernel, not {value!r}"
        )
    return sides
