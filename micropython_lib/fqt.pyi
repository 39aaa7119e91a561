"""Quantized neural networks that train on the microcontroller: the module `fqt` under
MicroPython."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal

# Anything with the buffer protocol: bytes, bytearray, array, memoryview.
Buffer = Any
Shape = tuple[int, int, int]
Data = tuple[Buffer, Buffer] | Sequence[tuple[Buffer, int]]

class Model:
    """A network that predicts and trains. Everything it needs is allocated when it is made.

    Inputs: for a model with input_type "uint8", bytes, a bytearray or an array 'B'; with "int8",
    an array 'b' or its bytes; for both, an array 'f' of real values. A buffer holds one sample or
    many, one after another; `index` picks one. TypeError for another type; ValueError for a size
    that is no multiple of a sample, an index beyond the samples, and floats that are not finite.
    """

    loss: float
    """Of the last training step, before its update; in nats."""
    memory: int
    """RAM in bytes: parameters, activations, errors and tables. `fqt info` tells the same
    number."""
    name: str
    master: int
    """Bits kept of each trainable weight: 8 or 16."""
    steps: int
    """Training steps so far, those before saving included."""
    outputs: int
    """Number of classes."""
    input_shape: Shape
    """Height, width, channels."""
    input_type: Literal["uint8", "int8"]
    input_scale: float
    input_zero_point: int
    """The real value of an int8 input q is (q - input_zero_point) * input_scale; uint8 values are
    q + 128."""
    layers: list[tuple[str, str, Shape, int, bool, float, int]]
    """For each layer: name, kind, output shape, parameters, whether it trains, output scale, zero
    point."""

    def __init__(self, source: str | Buffer | Any, *, master: Literal[8, 16] = 8) -> None:
        """Load a model from a path, a file opened with "rb", or a buffer.

        With a buffer (also a file in ROMFS) frozen layers are used where they lie; otherwise they
        are loaded to RAM. ValueError says what is wrong with the file and where; MemoryError when
        it does not fit; OSError when it cannot be read.
        """
    def predict(self, x: Buffer, index: int = 0) -> int:
        """The class of a sample."""
    def scores(self, x: Buffer, out: Buffer | None = None, index: int = 0) -> Buffer | list[float]:
        """The logits of a sample: to `out`, an array 'f' of `outputs` elements, or as a list."""
    def train(self, x: Buffer, label: int, lr: float = 0.01, index: int = 0) -> None:
        """One step of stochastic gradient descent on one sample; `loss` tells its loss. Allocates
        nothing.

        ValueError for a label that is no class, a learning rate that is negative or not finite,
        and when no layer trains.
        """
    def evaluate(self, data: Data) -> float:
        """The share of samples that are predicted right; data as in fit."""
    def save(self, path: str, *, checkpoint: bool = False) -> None:
        """Write the model as it is now. A power cut at any byte leaves the old file or the new
        one.

        With checkpoint=True the frozen layers are left out; restore() takes it back.
        """
    def restore(self, source: str | Buffer | Any) -> None:
        """Take the trained state from a checkpoint of this model (a path, an open file or a
        buffer).

        ValueError when it is damaged or of another model; the model is unchanged then.
        """

class Progress:
    """What fit yields after each epoch (the last may be cut short by the time budget)."""

    epoch: int
    steps: int
    loss: float
    """Mean over the epoch's steps, in nats."""
    lr: float

def fit(
    net: Model,
    data: Data,
    *,
    epochs: int | None = None,
    seconds: float | None = None,
    lr: float = 0.01,
    decay: bool = True,
    seed: int = 1,
) -> Iterator[Progress]:
    """Train for a number of epochs, or for a time budget, whichever ends first; one epoch when
    neither is given.

    data: a pair of buffers (samples one after another, labels), or a sequence of (sample, label).
    The order is shuffled anew each epoch, the same on every machine for the same seed. decay:
    lower the learning rate linearly over the epochs. ValueError for no samples, or more than
    65,535.
    """

def shuffle(order: Buffer, seed: int) -> None:
    """Permute an array 'H' in place; the same on every machine for the same seed. TypeError for
    another type."""
