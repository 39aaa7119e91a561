"""What makes a model file valid: names, scales, shapes, and the limits that keep 32-bit
accumulators from overflowing. The core checks the same (natmod/core/model/fqt_read.c and each
layer's check)."""

from __future__ import annotations

import math

from fqt.file.messages import ModelFileError, fault, require

SMALLEST_SCALE = 2.0**-64
LARGEST_SCALE = 2.0**64
MAX_ELEMENTS = 1 << 24
MAX_POSITIONS = 66000
MAX_FILTER_INPUTS = 33000
MAX_TAPS = (2**31 - 1) // (127 * 128)


def is_scale(value: float) -> bool:
    return SMALLEST_SCALE <= value <= LARGEST_SCALE  # False for NaN


def is_positive_zero(value: float) -> bool:
    return value == 0 and math.copysign(1, value) > 0


def name_bytes(name: str) -> bytes:
    """A name as the file has it, without the zeros."""
    data = name.encode()
    if not 0 < len(data) <= 16 or b"\0" in data:
        raise ModelFileError(f"name {name!r} must have 1 to 16 bytes")
    return data


def name_text(data: bytes) -> str:
    """The name in a field of the file: text, then zeros to the end."""
    text, _, rest = data.partition(b"\0")
    try:
        name = text.decode()
    except UnicodeDecodeError:
        raise fault("NAME_TEXT") from None
    require(text != b"" and not any(rest), "NO_NAME")
    return name


def check_tensor(shape: tuple[int, int, int]) -> None:
    """Raises ModelFileError for a tensor that is empty or too large."""
    require(1 <= math.prod(shape) <= MAX_ELEMENTS, "TENSOR_SHAPE", *shape)


def check_shape(layer, input_shapes: list[tuple[int, int, int]]) -> None:
    """Raises ModelFileError unless the layer's output shape follows from its inputs', and its sums
    fit 32 bits."""
    _CHECKS[layer.kind](layer, input_shapes)


def _check_no_window(layer) -> None:
    window = (*layer.kernel, *layer.stride, *layer.padding)
    require(window == (1, 1, 1, 1, 0, 0, 0, 0), "NO_WINDOW")


def _check_one_pixel(layer) -> None:
    height, width, _ = layer.output_shape
    require(height == width == 1, "ONE_PIXEL", height, width)


def _check_same_channels(layer, input_shape: tuple[int, int, int]) -> None:
    channels = input_shape[2], layer.output_shape[2]
    require(channels[0] == channels[1], "SAME_CHANNELS", *channels)


def _check_positions(layer) -> None:
    positions = layer.output_shape[0] * layer.output_shape[1]
    fits = not layer.trainable or positions <= MAX_POSITIONS
    require(fits, "POSITIONS", positions, MAX_POSITIONS)


def _check_filter(inputs: int) -> None:
    require(inputs <= MAX_FILTER_INPUTS, "FILTER", inputs, MAX_FILTER_INPUTS)


def _check_taps(layer) -> None:
    taps = math.prod(layer.kernel) * layer.output_shape[2]
    require(taps <= MAX_TAPS, "TAPS", taps, MAX_TAPS)


def _check_window(layer, input_shape: tuple[int, int, int]) -> None:
    top, bottom, left, right = layer.padding
    extents = (
        (input_shape[0], layer.output_shape[0], layer.kernel[0], layer.stride[0], top, bottom),
        (input_shape[1], layer.output_shape[1], layer.kernel[1], layer.stride[1], left, right),
    )
    for size, output, kernel, stride, before, after in extents:
        padding = max(before, after)
        fits = kernel >= 1 and stride >= 1 and padding < kernel
        require(fits, "KERNEL", kernel, stride, padding)
        padded = size + before + after
        require(kernel <= padded, "LARGE_KERNEL", kernel, size, before + after)
        expected = (padded - kernel) // stride + 1
        require(output == expected, "OUTPUT_EXTENT", output, expected)


def _check_dense(layer, input_shapes) -> None:
    _check_no_window(layer)
    _check_one_pixel(layer)
    _check_filter(math.prod(input_shapes[0]))
    _check_taps(layer)


def _check_conv2d(layer, input_shapes) -> None:
    _check_positions(layer)
    _check_window(layer, input_shapes[0])
    _check_filter(math.prod(layer.kernel) * input_shapes[0][2])
    _check_taps(layer)


def _check_depthwise_conv2d(layer, input_shapes) -> None:
    _check_filter(math.prod(layer.kernel))
    _check_positions(layer)
    _check_same_channels(layer, input_shapes[0])
    _check_window(layer, input_shapes[0])


def _check_max_pool2d(layer, input_shapes) -> None:
    _check_same_channels(layer, input_shapes[0])
    _check_window(layer, input_shapes[0])


def _check_average_pool2d(layer, input_shapes) -> None:
    require(not any(layer.padding), "POOL_PADDING")
    _check_max_pool2d(layer, input_shapes)


def _check_flatten(layer, input_shapes) -> None:
    elements = math.prod(input_shapes[0]), math.prod(layer.output_shape)
    require(elements[0] == elements[1], "FLATTEN", *elements)
    _check_no_window(layer)
    _check_one_pixel(layer)


def _check_add(layer, input_shapes) -> None:
    for tensor, shape in zip(layer.inputs, input_shapes, strict=True):
        require(shape == layer.output_shape, "SUM_SHAPE", tensor)
    require(layer.inputs[0] != layer.inputs[1], "SUM_OF_ONE", layer.inputs[0])
    _check_no_window(layer)


_CHECKS = {
    "dense": _check_dense,
    "conv2d": _check_conv2d,
    "max_pool2d": _check_max_pool2d,
    "flatten": _check_flatten,
    "depthwise_conv2d": _check_depthwise_conv2d,
    "average_pool2d": _check_average_pool2d,
    "add": _check_add,
}
