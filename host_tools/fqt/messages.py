"""What can be wrong with a model file: the texts of natmod/core/base/fqt_messages.h, so that host
and module say the same (tests/core/test_checks.py compares them)."""

from __future__ import annotations

# '#' stands for a number: the first for the first number of the fault, up to three.
TEXTS = {
    "BEYOND_FILE": "# bytes at # are needed, file has #",
    "UNREADABLE": "file could not be read: # bytes at #",
    "FILE_SHORT": "file has # bytes, a model's header alone has #",
    "NO_MODEL": "not a model file (it does not start with FQT)",
    "VERSION": (
        "model file of version #.#, this module reads #.x: make it anew with the fqt "
        "tools of the module's release"
    ),
    "FILE_BYTES": "file should have # bytes, it has #",
    "FILE_LARGE": "file of # bytes, at most # are possible",
    "LAYER_COUNT": "# layers, 1 to # are possible",
    "HEADER_FIELD": "a field of the file's header has an unknown value",
    "OUTPUT_MAP_LOSS": "it has a map of its outputs, which goes with mean_squared_error alone",
    "INPUT_SCALE": "the input's scale is out of range",
    "RANDOM_STATE": "the random state is 0",
    "CHECKSUM": "checksum does not match: the file is damaged",
    "IS_CHECKPOINT": "this is a checkpoint: load the model that it belongs to, then restore it",
    "TENSOR_SHAPE": "a tensor of # x # x # (1 to 16777216 elements are possible)",
    "KIND": "unknown layer kind #: made for a newer module?",
    "INPUT_TENSORS": "reads tensors # and #: it can read 0 to #",
    "RECORD_FIELD": "a field of its record has an unknown value",
    "KEPT_SCALE": "its scale or zero point is not its input's",
    "SCALES": "one of its scales is out of range",
    "OUTPUT_RANGE": "its output range is out of bounds",
    "NO_NAME": "it has no name, or bytes behind its name",
    "NAME_TEXT": "its name is not UTF-8",
    "SAME_NAME": "it has the name of layer #",
    "BLOBS_BEYOND_FILE": "# weights from # on, with scales and biases: file has # bytes",
    "BLOB_PLACE": (
        "blob # (weights, low bytes, scales, biases) is at #, it belongs at # (0: left out)"
    ),
    "PADDING": "byte # of its weights, behind the last, is not 0",
    "WEIGHT": "weight # is -128: weights are -127 to 127",
    "WEIGHT_SCALE": "the weight scale of channel # is out of range",
    "MAP_ROW": (
        "row # of its maps (the input's channels, then the outputs): an offset is finite, "
        "a scale 2^-64 to 2^64"
    ),
    "TEXTS": (
        "its texts are not # in UTF-8, each ended by a zero: a name for each output or class of "
        "pixels, and a note"
    ),
    "MUCH_WORK": "up to here a sample takes more than # multiply-adds: make the network smaller",
    "LAST_LAYER": "the last layer must have weights and no activation",
    "OUTPUT_COUNT": "# outputs, # to # are possible",
    "PIXEL_CLASSES": "# channels: pixelwise_cross_entropy is of 2 to # classes, a channel each",
    "MUCH_MEMORY": "it needs more than # bytes of memory: make it smaller",
    "OTHER_MODEL": "the checkpoint is of another model",
    "OTHER_LAYER": "the checkpoint describes another layer here",
    "NO_READER": "no layer reads its output",
    "OTHER_READER": "another layer reads its input too: leave the flatten out",
    "KERNEL": (
        "kernel #, stride #, padding #: kernel and stride are at least 1, padding is below kernel"
    ),
    "LARGE_KERNEL": "kernel # is larger than the input # with its padding #",
    "OUTPUT_EXTENT": "output extent is #, the window makes #",
    "NO_WINDOW": "it has a window, this layer slides none",
    "ONE_PIXEL": "output is # x #, this layer's is 1 x 1",
    "SAME_CHANNELS": "# channels in, # out: this layer keeps them",
    "FLATTEN": "# elements in, # out: flatten keeps them",
    "POOL_PADDING": "average pooling takes no padding",
    "UPSAMPLING": (
        "an upsampled element fills its stride (kernel = stride), or one place of it "
        "(kernel 1 x 1); no padding"
    ),
    "OTHER_SHAPE": "tensor # has a shape that does not fit the output's",
    "SAME_INPUTS": "it reads tensor # twice",
    "FILTER": "# inputs a filter, at most # fit 32-bit sums",
    "TAPS": "# kernel taps times output channels, at most # fit 32-bit sums",
    "FRONT_TRAINS": "layer # in front of it trains: freeze all that lies before an lstm or gru",
    "POSITIONS": "# output positions, at most # can train in 32-bit sums",
}


class ModelFileError(ValueError):
    """A model file, or a model to be written, is not valid: the text says what and where."""


def fault(name: str, *numbers: int) -> ModelFileError:
    """The exception of a message, with its numbers."""
    text = TEXTS[name]
    for number in numbers:
        text = text.replace("#", str(number), 1)
    return ModelFileError(text)


def require(condition: bool, name: str, *numbers: int) -> None:
    """Raises ModelFileError with the message of that name unless the condition holds."""
    if not condition:
        raise fault(name, *numbers)
