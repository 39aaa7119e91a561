"""The table of layer kinds: what a model file may say of a layer of each kind.

A kind has one line here, its arithmetic in reference/<name>.py, and a float32 layer in
layers/<name>.py; nothing else asks for kinds by name. The core has the same table
(natmod/core/layers/fqt_kinds.c); a check here has the text of its twin there.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from fqt.messages import require

Shape = tuple[int, int, int]

ACTIVATIONS = ("none", "relu", "relu6")  # by their numbers in a file
CELL_BITS = tuple(f"q{bits}.{15 - bits}" for bits in range(5))  # of an lstm: of its cell state
# Of a gru: where its reset gate is, behind the weights that its new gate has for the state or in
# front of them.
RESET_PLACES = ("reset_after", "reset_before")
# Of tables, alike.
FUNCTIONS: tuple[str, ...] = ("tanh", "sigmoid", "leaky_relu", "elu", "hard_swish", "silu")
FUNCTIONS += ("hard_sigmoid", "gelu", "gelu_tanh", "softplus", "mish", "selu", "hard_tanh")


class Record(Protocol):
    """What the table reads of a layer's record (fqt.file.records.LayerRecord)."""

    output_shape: Shape
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int, int, int]
    trainable: bool
    inputs: tuple[int, ...]


@dataclass(frozen=True)
class Weights:
    """shape: of a layer's weights, its outputs first, from its record and its input's shape.
    mixes_channels: whether each output reads all of the input's channels, so that an element of
    the input's error is a sum over all outputs. flattens: whether the positions of the input are
    one to it, as flatten makes them."""

    shape: Callable[[Record, Shape], tuple[int, ...]]
    mixes_channels: bool = True
    flattens: bool = False


LSTM_GATES, GRU_GATES = 4, 3
GATE_BIASES = 4  # of each unit of a recurrent layer


@dataclass(frozen=True)
class Recurrence:
    """Of a kind whose layers read their own output: gates, each with weights for the input's
    channels and for the units, and a scale for both; has_limit: whether the limit of the cell
    state follows these scales."""

    gates: int
    has_limit: bool = False

    @property
    def scales(self) -> int:
        return 2 * self.gates + self.has_limit

    def shape(self, output: Shape, given: Shape) -> tuple[int, int, int]:
        """Of its weights: gates, units, and what each of these reads."""
        return self.gates, output[2], given[2] + output[2]


@dataclass(frozen=True)
class Kind:
    """number: in a model file. check: raises ModelFileError unless the output's shape follows from
    the inputs' shapes. inputs: how many tensors it reads. weights: None without. activations: what
    its record may name, by their numbers in the file. keeps_scale: its output has the scale and
    zero point of its input. has_table: its parameters are a table of its function
    (fqt.file.records.Table), which is of the scales of its input and output: these never move.
    recurrence: None, or that of its parameters, which never train, nor does what lies before it.
    shares_memory: its output lies where its input does, which nothing else may read.
    passes_error_scale: whether each error of its input has one source, so that its scale follows
    from the output's (docs/arithmetic.md, section 6); from the record. is_common: whether the
    common module has it, else the full one alone (tools/chosen_kinds.py)."""

    number: int
    name: str
    check: Callable[[Record, list[Shape]], None]
    inputs: int = 1
    weights: Weights | None = None
    activations: tuple[str, ...] = ("none",)
    keeps_scale: bool = False
    has_table: bool = False
    recurrence: Recurrence | None = None
    shares_memory: bool = False
    passes_error_scale: Callable[[Record], bool] = lambda record: False
    is_common: bool = True


# -- what shapes must be

MAX_POSITIONS = 66000
MAX_FILTER_INPUTS = 33000
MAX_GATE_INPUTS = 32000
MAX_TAPS = (2**31 - 1) // (127 * 128)


def _check_no_window(record: Record) -> None:
    window = (*record.kernel, *record.stride, *record.padding)
    require(window == (1, 1, 1, 1, 0, 0, 0, 0), "NO_WINDOW")


def _check_one_pixel(record: Record) -> None:
    height, width, _ = record.output_shape
    require(height == width == 1, "ONE_PIXEL", height, width)


def _check_same_channels(record: Record, input_shape: Shape) -> None:
    channels = input_shape[2], record.output_shape[2]
    require(channels[0] == channels[1], "SAME_CHANNELS", *channels)


def _check_positions(record: Record) -> None:
    positions = record.output_shape[0] * record.output_shape[1]
    fits = not record.trainable or positions <= MAX_POSITIONS
    require(fits, "POSITIONS", positions, MAX_POSITIONS)


def _check_filter(inputs: int) -> None:
    require(inputs <= MAX_FILTER_INPUTS, "FILTER", inputs, MAX_FILTER_INPUTS)


def _check_taps(record: Record) -> None:
    taps = math.prod(record.kernel) * record.output_shape[2]
    require(taps <= MAX_TAPS, "TAPS", taps, MAX_TAPS)


def _check_window(record: Record, input_shape: Shape) -> None:
    top, bottom, left, right = record.padding
    extents = (
        (input_shape[0], record.output_shape[0], record.kernel[0], record.stride[0], top, bottom),
        (input_shape[1], record.output_shape[1], record.kernel[1], record.stride[1], left, right),
    )
    for size, output, kernel, stride, before, after in extents:
        padding = max(before, after)
        fits = stride >= 1 and padding < kernel  # a kernel of 0 is no more than its padding
        require(fits, "KERNEL", kernel, stride, padding)
        padded = size + before + after
        require(kernel <= padded, "LARGE_KERNEL", kernel, size, before + after)
        expected = (padded - kernel) // stride + 1
        require(output == expected, "OUTPUT_EXTENT", output, expected)


def _windows_are_apart(record: Record) -> bool:
    """Whether an input element belongs to one window at most."""
    return record.stride[0] >= record.kernel[0] and record.stride[1] >= record.kernel[1]


# -- the checks of each kind


def _check_dense(record: Record, shapes: list[Shape]) -> None:
    _check_no_window(record)
    _check_one_pixel(record)
    _check_filter(math.prod(shapes[0]))
    _check_taps(record)


def _check_conv2d(record: Record, shapes: list[Shape]) -> None:
    _check_positions(record)
    _check_window(record, shapes[0])
    _check_filter(math.prod(record.kernel) * shapes[0][2])
    _check_taps(record)


def _check_depthwise_conv2d(record: Record, shapes: list[Shape]) -> None:
    _check_filter(math.prod(record.kernel))
    _check_positions(record)
    _check_same_channels(record, shapes[0])
    _check_window(record, shapes[0])


def _check_max_pool2d(record: Record, shapes: list[Shape]) -> None:
    _check_same_channels(record, shapes[0])
    _check_window(record, shapes[0])


def _check_average_pool2d(record: Record, shapes: list[Shape]) -> None:
    require(not any(record.padding), "POOL_PADDING")
    _check_max_pool2d(record, shapes)


def _check_flatten(record: Record, shapes: list[Shape]) -> None:
    elements = math.prod(shapes[0]), math.prod(record.output_shape)
    require(elements[0] == elements[1], "FLATTEN", *elements)
    _check_no_window(record)
    _check_one_pixel(record)


def _check_same_shape(record: Record, shapes: list[Shape]) -> None:
    require(shapes[0] == record.output_shape, "OTHER_SHAPE", record.inputs[0])
    _check_no_window(record)


def _check_two_inputs(record: Record, shapes: list[Shape], by_channel: bool) -> None:
    first, second = record.inputs
    output = record.output_shape
    fits = shapes[1] == output or (by_channel and shapes[1] == (1, 1, output[2]))
    _check_same_shape(record, shapes)
    require(fits, "OTHER_SHAPE", second)
    require(first != second, "SAME_INPUTS", first)


def _check_add(record: Record, shapes: list[Shape]) -> None:
    _check_two_inputs(record, shapes, by_channel=False)


def _check_multiply(record: Record, shapes: list[Shape]) -> None:
    _check_two_inputs(record, shapes, by_channel=True)
    positions = record.output_shape[0] * record.output_shape[1]
    fits = shapes[1] == record.output_shape or positions <= MAX_POSITIONS
    require(fits, "POSITIONS", positions, MAX_POSITIONS)


def _check_concatenate(record: Record, shapes: list[Shape]) -> None:
    first, second = record.inputs
    height, width, channels = record.output_shape
    require(shapes[0][:2] == (height, width), "OTHER_SHAPE", first)
    fits = shapes[1][:2] == (height, width) and shapes[0][2] + shapes[1][2] == channels
    require(fits, "OTHER_SHAPE", second)
    require(first != second, "SAME_INPUTS", first)
    _check_no_window(record)


def _check_upsample2d(record: Record, shapes: list[Shape]) -> None:
    fills = record.kernel in ((1, 1), record.stride)
    require(min(record.stride) > 0 and fills and not any(record.padding), "UPSAMPLING")
    for output, extent, stride in zip(record.output_shape, shapes[0], record.stride, strict=False):
        require(output == extent * stride, "OUTPUT_EXTENT", output, extent * stride)
    _check_same_channels(record, shapes[0])


def _check_recurrent(record: Record, shapes: list[Shape]) -> None:
    height, width, units = record.output_shape
    fits = (height, width) in ((1, 1), shapes[0][:2])
    require(fits, "OTHER_SHAPE", record.inputs[0])
    _check_no_window(record)
    inputs = shapes[0][2] + units
    require(inputs <= MAX_GATE_INPUTS, "FILTER", inputs, MAX_GATE_INPUTS)


# -- the table

_DENSE = Weights(lambda record, shape: (record.output_shape[2], math.prod(shape)), flattens=True)
_CONV2D = Weights(lambda record, shape: (record.output_shape[2], *record.kernel, shape[2]))
_DEPTHWISE_CONV2D = Weights(
    lambda record, shape: (record.output_shape[2], *record.kernel), mixes_channels=False
)

KINDS = {
    kind.name: kind
    for kind in (
        Kind(1, "dense", _check_dense, weights=_DENSE, activations=ACTIVATIONS),
        Kind(2, "conv2d", _check_conv2d, weights=_CONV2D, activations=ACTIVATIONS),
        Kind(
            3,
            "max_pool2d",
            _check_max_pool2d,
            keeps_scale=True,
            passes_error_scale=_windows_are_apart,
        ),
        Kind(
            4,
            "flatten",
            _check_flatten,
            keeps_scale=True,
            shares_memory=True,
            passes_error_scale=lambda record: True,
        ),
        Kind(
            5,
            "depthwise_conv2d",
            _check_depthwise_conv2d,
            weights=_DEPTHWISE_CONV2D,
            activations=ACTIVATIONS,
        ),
        Kind(
            6,
            "average_pool2d",
            _check_average_pool2d,
            passes_error_scale=_windows_are_apart,
        ),
        Kind(
            7,
            "add",
            _check_add,
            inputs=2,
            activations=ACTIVATIONS,
            passes_error_scale=lambda record: True,
        ),
        Kind(8, "multiply", _check_multiply, inputs=2, activations=ACTIVATIONS),
        Kind(9, "table", _check_same_shape, activations=FUNCTIONS, has_table=True),
        Kind(
            10,
            "concatenate",
            _check_concatenate,
            inputs=2,
            activations=ACTIVATIONS,
            passes_error_scale=lambda record: True,
        ),
        Kind(
            11,
            "upsample2d",
            _check_upsample2d,
            keeps_scale=True,
            passes_error_scale=lambda record: record.kernel == (1, 1),
            is_common=False,
        ),
        Kind(
            12,
            "lstm",
            _check_recurrent,
            activations=CELL_BITS,
            recurrence=Recurrence(LSTM_GATES, has_limit=True),
            is_common=False,
        ),
        Kind(
            13,
            "gru",
            _check_recurrent,
            activations=RESET_PLACES,
            recurrence=Recurrence(GRU_GATES),
            is_common=False,
        ),
    )
}
KIND_NAMES = {kind.number: kind.name for kind in KINDS.values()}


def beyond_common(kinds: set[str]) -> list[str]:
    """Those of these kinds that the common module lacks: a network with one needs the full
    one."""
    return [name for name, kind in KINDS.items() if name in kinds and not kind.is_common]
