"""What makes a model file valid: names, scales, shapes, and the limits that keep 32-bit
accumulators from overflowing. The core checks the same (natmod/core/model/fqt_read.c and each
layer's check)."""

from __future__ import annotations

import math

import numpy as np

SMALLEST_SCALE = 2.0**-64
LARGEST_SCALE = 2.0**64
WINDOWED = ("conv2d", "depthwise_conv2d", "max_pool2d", "average_pool2d")
MAX_POSITIONS = 66000
MAX_FILTER_INPUTS = 33000


class ModelFileError(ValueError):
    """A model file, or a model to be written, is not valid: the text says what and where."""


def require(condition: bool, message: str) -> None:
    """Raises ModelFileError with the message unless the condition holds."""
    if not condition:
        raise ModelFileError(message)


def is_scale(value: float) -> bool:
    return SMALLEST_SCALE <= value <= LARGEST_SCALE  # False for NaN


def is_positive_zero(value: float) -> bool:
    return value == 0 and math.copysign(1, value) > 0


def name_bytes(name: str) -> bytes:
    """A name as the file has it, without the zeros."""
    data = name.encode()
    require(0 < len(data) <= 16 and b"\0" not in data, f"name {name!r} must have 1 to 16 bytes")
    return data


def name_text(data: bytes) -> str:
    """The name in a field of the file: text, then zeros to the end."""
    text = data.rstrip(b"\0")
    require(text != b"" and b"\0" not in text, "it has no name, or bytes behind its name")
    try:
        return text.decode()
    except UnicodeDecodeError:
        raise ModelFileError("a name is not UTF-8") from None


def check_shape(layer, input_shapes: list[tuple[int, int, int]]) -> None:
    """Raises ModelFileError unless the layer's output shape follows from its inputs', and its sums
    fit 32 bits."""
    input_shape = input_shapes[0]
    height, width, channels = layer.output_shape
    elements = int(np.prod(input_shape))
    if layer.kind in WINDOWED:
        _check_window(layer, input_shape)
    else:
        window = (*layer.kernel, *layer.stride, *layer.padding)
        require(window == (1, 1, 1, 1, 0, 0, 0, 0), "it has a window, this layer slides none")
    if layer.kind in ("dense", "flatten"):
        require(height == width == 1, f"output is {height} x {width}, this layer's is 1 x 1")
    if layer.kind == "flatten":
        require(channels == elements, f"{elements} elements in, {channels} out")
    if layer.kind in ("max_pool2d", "average_pool2d", "depthwise_conv2d"):
        require(
            channels == input_shape[2],
            f"{input_shape[2]} channels in, {channels} out: this layer keeps them",
        )
    if layer.kind == "average_pool2d":
        require(not any(layer.padding), "average pooling takes no padding")
    if layer.kind == "add":
        require(
            input_shapes[0] == input_shapes[1] == layer.output_shape,
            f"shapes {input_shapes} to add, {layer.output_shape} as their sum",
        )
        require(layer.inputs[0] != layer.inputs[1], "it adds a tensor to itself")
    if layer.has_weights:
        _check_sums(layer, input_shape)


def _check_window(layer, input_shape: tuple[int, int, int]) -> None:
    top, bottom, left, right = layer.padding
    extents = (
        (input_shape[0], layer.output_shape[0], layer.kernel[0], layer.stride[0], top, bottom),
        (input_shape[1], layer.output_shape[1], layer.kernel[1], layer.stride[1], left, right),
    )
    for size, output, kernel, stride, before, after in extents:
        require(
            kernel >= 1 and stride >= 1,
            f"kernel {kernel}, stride {stride}: both are at least 1",
        )
        require(
            max(before, after) < kernel,
            f"padding {before}, {after} must be below the kernel {kernel}",
        )
        require(
            kernel <= size + before + after,
            f"kernel {kernel} is larger than the input {size} with padding",
        )
        expected = (size + before + after - kernel) // stride + 1
        require(output == expected, f"output extent is {output}, the window makes {expected}")


def _check_sums(layer, input_shape: tuple[int, int, int]) -> None:
    height, width, channels = layer.output_shape
    require(
        not layer.trainable or height * width <= MAX_POSITIONS,
        f"{height * width} output positions cannot train",
    )
    area = layer.kernel[0] * layer.kernel[1]
    inputs = {"dense": int(np.prod(input_shape)), "depthwise_conv2d": 1}.get(
        layer.kind, input_shape[2]
    )
    require(
        area * inputs <= MAX_FILTER_INPUTS,
        f"{area * inputs} inputs a filter, at most {MAX_FILTER_INPUTS} fit 32-bit sums",
    )
    terms = area * (1 if layer.kind == "depthwise_conv2d" else channels)
    require(
        terms <= (2**31 - 1) // (127 * 128),
        f"{terms} kernel taps times output channels",
    )
