"""What makes a model file valid besides the shapes of each layer (fqt.kinds): names, scales, the
graph. The core checks the same, in the same order (natmod/core/model)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from fqt.file.layout import MAX_OUTPUTS
from fqt.file.records import ModelRecords
from fqt.inputs import IGNORED
from fqt.kinds import KINDS, Shape
from fqt.messages import ModelFileError, fault, require

SMALLEST_SCALE = 2.0**-64
LARGEST_SCALE = 2.0**64
MAX_ELEMENTS = 1 << 24
STATE = (  # of a layer: what training changes
    "output_scale",
    "output_range",
    "error_scale",
    "bias_scale",
    "weights",
    "low_bytes",
    "low_bits",
    "weight_scales",
    "biases",
    "table",
)


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


def check_tensor(shape: Shape) -> None:
    """Raises ModelFileError for a tensor that is empty or too large."""
    require(1 <= math.prod(shape) <= MAX_ELEMENTS, "TENSOR_SHAPE", *shape)


@contextmanager
def at_layer(index: int, kind: str | None) -> Iterator[None]:
    """Errors inside concern layer `index` (from 0)."""
    try:
        yield
    except ModelFileError as error:
        place = f"layer {index + 1}" + (f" ({kind})" if kind else "")
        raise ModelFileError(f"{place}: {error}") from None


def check_last_layer(model: ModelRecords) -> None:
    """Raises ModelFileError unless the loss can read the last layer's outputs."""
    last = model.layers[-1]
    least = 1 if model.loss in ("mean_squared_error", "binary_cross_entropy") else 2
    with at_layer(len(model.layers) - 1, last.kind):
        require(last.has_weights and last.activation == "none", "LAST_LAYER")
        require(
            least <= model.outputs <= MAX_OUTPUTS,
            "OUTPUT_COUNT",
            model.outputs,
            least,
            MAX_OUTPUTS,
        )
        fits = not model.is_pixelwise or 2 <= model.classes <= IGNORED
        require(fits, "PIXEL_CLASSES", model.classes, IGNORED)


def check_graph(model: ModelRecords) -> None:
    """Raises ModelFileError unless each layer's output is read, and that which shares its input's
    memory is alone in reading it."""
    for index, layer in enumerate(model.layers):
        with at_layer(index, layer.kind):
            is_last = index + 1 == len(model.layers)
            require(is_last or len(model.readers_of(index + 1)) > 0, "NO_READER")
            require(
                not KINDS[layer.kind].shares_memory
                or len(model.readers_of(model.inputs_of(index)[0])) == 1,
                "OTHER_READER",
            )


def check_same_model(model: ModelRecords, saved: ModelRecords) -> None:
    """Raises ModelFileError unless `saved` is a state of the model: what training does not change
    is the same."""
    same = saved.identity == model.identity and len(saved.layers) == len(model.layers)
    for maps in ((model.input_map, saved.input_map), (model.output_map, saved.output_map)):
        same = same and (maps[0] is None) == (maps[1] is None)
    require(same, "OTHER_MODEL")
    for index, (own, other) in enumerate(zip(model.layers, saved.layers, strict=True)):
        with at_layer(index, own.kind):
            kept = {name: getattr(own, name) for name in (*STATE, "name", "inputs")}
            same = model.inputs_of(index) == saved.inputs_of(index)
            require(same and replace(other, **kept) == own, "OTHER_LAYER")
