"""Quantized neural networks that train on the microcontroller: the module `fqt` under
MicroPython."""

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any, Literal, Protocol

# Anything with the buffer protocol: bytes, bytearray, array, memoryview. Type checkers cannot tell
# for the buffers of other modules (ulab's arrays, a framebuffer), so that this is not checked.
Buffer = Any
Shape = tuple[int, int, int]
Loss = Literal[
    "softmax_cross_entropy",
    "mean_squared_error",
    "binary_cross_entropy",
    "pixelwise_cross_entropy",
]
# What a sample should give: a label; with pixelwise cross-entropy bytes, the label of each pixel
# of the output, row by row, 255 for one that does not count; or an array 'f' of `outputs` numbers,
# a number when there is one output, None for the input itself.
Target = int | float | Buffer | None

class Samples(Protocol):
    """A list of (sample, target), or an object that reads one when its turn comes."""

    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> tuple[Buffer, Target]: ...

# Two buffers, of all samples one after another and of what they should give: labels or numbers
# (any buffer or sequence of them), rows (an array 'f', `outputs` numbers a sample; of pixels the
# bytes of their labels), or None (the
# inputs themselves). Or a sequence of (sample, target): a list, or an object with __len__ and
# __getitem__ that reads a sample when its turn comes. What can be known without reading is
# compared before anything changes: ValueError for numbers of samples, targets and elements that
# do not fit, for labels that are no classes, and for no samples; TypeError for other forms. Each
# says which form is meant.
TrainingData = tuple[Buffer, Buffer | Sequence[Target] | None] | Samples

__version__: str
"""The version of the module, as in the file VERSION and CHANGELOG.md."""

kinds: tuple[str, ...]
"""The layer kinds that this module has, by their names: a model with another one is refused. `fqt
install MODEL` on the desk chooses a module that has what the model needs, `make natmod KINDS=...`
builds one that has no more."""

class Model:
    """A network that predicts and trains. Everything it needs is allocated when it is made.

    Inputs: for a model with input_type "uint8", bytes, a bytearray or an array 'B'; with "int8",
    an array 'b' or its bytes; for both, an array 'f' of real values. A buffer holds one sample or
    many, one after another; `index` picks one. TypeError for another type; ValueError for a size
    that is no multiple of a sample, an index beyond the samples, and floats that are not finite.

    Units: a model whose network was told them (Sequential.standardize_data on the desk) takes
    samples, and with mean_squared_error targets, in the user's units, and returns scores in
    these: prices, hPa, 1e-5. Its samples are an array 'f' or 'h', and with input_type "uint8"
    bytes, which count as the numbers that they are; with "int8" an array 'b' holds quantized
    values. Losses are of the network's numbers: in squares of the deviation of what was learned.

    Layers are named as `print(net)` shows them, or numbered from 1.

    One call at a time: RuntimeError "the model is in use" when another core, thread or interrupt
    calls a method while one runs, or what a method calls (a stream, a number's __float__) calls
    another. Attributes may be read at any time. A buffer that is passed must not be resized by
    another thread during the call.

    update_rate, sample_updates, standardize and weight_decay can be set. AttributeError for all
    others, and for a name that is mistyped; a class made from this one may have attributes of its
    own.
    """

    @property
    def loss(self) -> float:
        """Of the last training step, before its update; cross-entropies in nats."""
    @property
    def loss_name(self) -> Loss: ...
    @property
    def memory(self) -> int:
        """RAM in bytes: parameters, activations, errors and tables. `fqt info` tells the same
        number."""
    @property
    def name(self) -> str: ...
    @property
    def master(self) -> int:
        """Bits kept of each trainable weight: 8, 12 or 16."""
    @property
    def batch(self) -> int:
        """Steps whose gradients are summed before the weights change: a mini-batch. One that is
        not full ends with an epoch of fit, with freeze, unfreeze and save, and with
        end_batch()."""
    @property
    def steps(self) -> int:
        """Training steps so far, those before saving included."""
    @property
    def diverged(self) -> str | None:
        """The layer whose output stayed beyond its range, or 0, for 1000 steps. Beyond: the
        weights ran away, and train raises RuntimeError until restore() or reset(). 0: steps go on,
        and each raises RuntimeError until the layer responds. Samples that are one value
        everywhere do not count."""
    @property
    def outputs(self) -> int:
        """Number of outputs: classes, or numbers."""
    @property
    def labels(self) -> tuple[str, ...]:
        """A name for each output, as quantize(..., labels=...) was told on the desk; () without:
        net.labels[net.predict(x)]."""
    @property
    def note(self) -> str:
        """What else quantize(..., note=...) was told; "" without."""
    @property
    def input_shape(self) -> Shape:
        """Height, width, channels."""
    @property
    def input_type(self) -> Literal["uint8", "int8"]: ...
    @property
    def input_scale(self) -> float: ...
    @property
    def input_zero_point(self) -> int:
        """The real value of an int8 input q is (q - input_zero_point) * input_scale; uint8 values
        are q + 128."""
    @property
    def clipped(self) -> float:
        """Of the last sample: the share of its elements that lay beyond the range of the input,
        which quantize took from the calibration data, and were taken as the nearest value in it.
        Near 1 for values of 0 to 255 where 0 to 1 was calibrated. 0 for inputs that are bytes."""
    @property
    def layers(self) -> list[tuple[str, str, Shape, int, bool, float, int]]:
        """For each layer: name, kind, output shape, parameters, whether it trains, output scale,
        zero point."""
    @property
    def feature_elements(self) -> int:
        """Bytes of one row of features()."""

    @property
    def update_rate(self) -> tuple[float, float]:
        """Partial updates: the share of each layer's output channels whose weights a step updates
        and whose errors it passes on, (least, greatest), at least eight channels, and of the last
        layer all. The greatest with the greatest loss of late, less as the loss falls. One number
        sets both; (1, 1): all. ValueError unless above 0 and at most 1."""
    @update_rate.setter
    def update_rate(self, share: float | tuple[float, float]) -> None: ...
    @property
    def sample_updates(self) -> bool:
        """How partial updates choose: False, the channels with the greatest errors (L1 norm);
        True, drawn in proportion to these, and scaled for those left out."""
    @sample_updates.setter
    def sample_updates(self, on: bool) -> None: ...
    @property
    def standardize(self) -> bool:
        """Bring the gradient of each output channel's weights to mean 0 and deviation 1."""
    @standardize.setter
    def standardize(self, on: bool) -> None: ...
    @property
    def weight_decay(self) -> float:
        """A step lowers each weight by lr * weight_decay of itself. ValueError unless finite and
        >= 0."""
    @weight_decay.setter
    def weight_decay(self, share: float) -> None: ...
    def __init__(
        self, source: str | Buffer | Any, *, master: Literal[8, 12, 16] = 12, batch: int = 1
    ) -> None:
        """Load a model from a path, a file opened with "rb", or a buffer.

        With a buffer (also a file in ROMFS) frozen layers are used where they lie; otherwise they
        are loaded to RAM. ValueError says what is wrong with the file and where; MemoryError when
        it does not fit; OSError when it cannot be read. A path that is not there but in `path`.new
        is what save() left when power failed: it is taken up when it is whole, and otherwise as if
        it were not there (OSError ENOENT).
        """
    def predict(self, x: Buffer, index: int = 0, /) -> Any:
        """The class of a sample: the first greatest output; with one output 1 when it is above 0,
        else 0 (int). With pixelwise cross-entropy the class of each pixel, row by row (bytes)."""
    def scores(
        self, x: Buffer, out: Buffer | None = None, index: int = 0, /
    ) -> Buffer | list[float]:
        """The outputs for a sample (logits, or numbers, in the user's units where the model has a
        map of its outputs): to `out`, an array 'f' of `outputs` elements, or as a list."""
    def map_output(self, offset: float, scale: float, output: int = 0, /) -> None:
        """Set what an output (from 0) means in the user's units: the network's number z is
        z * scale + offset, a target y is (y - offset) / scale to it. Mean and deviation of the
        targets to come are right, as of the first samples; call it before training. save() and
        checkpoints keep it. ValueError when the file has no map of its outputs, there is no such
        output, and unless offset is finite and scale 2**-64 to 2**64."""
    def loss_for(self, x: Buffer, target: Target, index: int = 0, /) -> float:
        """The loss of a sample; nothing changes. With None as target: how badly an autoencoder
        gives it back."""
    def train(
        self,
        x: Buffer,
        target: Target,
        lr: float = 0.01,
        index: int = 0,
        features: bool = False,
    ) -> None:
        """One step of stochastic gradient descent on one sample; `loss` tells its loss. Allocates
        nothing.

        `index` also picks the row of a target that is an array of several. features: x holds rows
        of features() instead of inputs. ValueError for a target that does not fit, a learning
        rate that is negative or not finite, and when no layer trains; RuntimeError when a layer
        diverged.
        """
    def end_batch(self) -> None:
        """End a mini-batch before it is full: apply the gradients that are summed so far. Each
        sample counts as much as one of a full mini-batch."""
    def features(self, x: Buffer, out: Buffer, index: int = 0, offset: int = 0, /) -> Buffer:
        """What the frozen front part gives for a sample: feature_elements bytes to `out`, from
        byte `offset` on; gives `out`. ValueError when they do not fit there, and when no layer in
        front is frozen while others train."""
    def freeze(self, layer: str | int = ..., /) -> None:
        """Stop a layer's updates; all layers' when none is named. ValueError when there is no such
        layer, or it has no weights that train."""
    def unfreeze(self, layer: str | int = ..., /) -> None:
        """Let a layer update again, or all that can (those that `fqt.quantize` chose with
        train=)."""
    def reset(self, layer: str | int = ..., /) -> None:
        """Random weights and zero biases for a layer, or for all that train."""
    def evaluate(self, data: TrainingData) -> float:
        """The share of samples that are predicted right, with pixelwise cross-entropy of pixels;
        data and its errors as in fit. ValueError
        when the model has no classes: loss_for tells how well a sample fits."""
    def save(self, path: str, *, checkpoint: bool = False) -> None:
        """Write the model as it is now. A power cut at any byte leaves the old file or the new
        one: the new one is written as `path`.new, then renamed.

        With checkpoint=True the frozen layers are left out; restore() takes it back. ValueError
        when `path` is there and no checkpoint: it would be lost. OSError when the file system is
        full (both files must fit) or fails; the old file is whole then, and no half one is left.
        A mini-batch ends first: a run that goes on from the file is the run that saved it.
        """
    def restore(self, source: str | Buffer | Any) -> None:
        """Take the trained state from a checkpoint of this model (a path, an open file or a
        buffer).

        ValueError when it is damaged or of another model; the model is unchanged then. What a
        power cut left of a path is taken up as in Model(path). A mini-batch that has begun is
        dropped: training goes on from the checkpoint's weights.
        """

class Progress:
    """What fit yields after each epoch (the last may be cut short by the time budget), and with
    every= within epochs: then steps and loss are those of the epoch so far."""

    epoch: int
    steps: int
    loss: float
    """Mean over the epoch's steps."""
    lr: float
    cache: str | None
    """What the cache takes and saves."""

class Fit(Iterator[Progress], AsyncIterator[Progress]):
    """What fit returns. It trains an epoch, or `every` steps, each time that it is asked for the
    next, and only then. In `async for` other tasks run in between: with every=1 none waits longer
    than a step."""

    def __next__(self) -> Progress: ...
    async def __anext__(self) -> Progress: ...
    def close(self) -> None:
        """End it. MicroPython does not do so when a loop is left with `break`."""

def fit(
    net: Model,
    data: TrainingData,
    *,
    epochs: int | None = None,
    seconds: float | None = None,
    lr: float = 0.01,
    schedule: Literal["linear", "cosine", "constant"] = "linear",
    seed: int = 1,
    cache: bool | str | None = None,
    keep: str | None = None,
    every: int | None = None,
) -> Fit:
    """Train for a number of epochs (1 or more), or for a time budget (above 0, of any length; at
    least one step), whichever ends first; one epoch when neither is given. Nothing is trained
    until the result is iterated; save, evaluate and the next fit print a reminder when it never
    was.

    The order is shuffled anew each epoch, the same on every machine for the same seed. schedule:
    how the learning rate falls over the epochs, or with a time budget alone over the time. A
    mini-batch that is not full ends with its epoch.

    every: yield after so many steps too, within epochs.

    cache: keep what the frozen front part gives for each sample, in RAM (True) or in a file of
    that name. The file loses its name as soon as it is open and takes room while fit runs: nothing
    is left after `break`, Ctrl-C or a power cut. On FAT, where that cannot be, it is removed in
    the end, and after `break` by close(); or the next fit takes it over. ValueError when there is
    another file of that name.

    keep: a path, to which a checkpoint is saved after each epoch with a lower loss than before;
    when training diverges, it is restored before RuntimeError is raised. A checkpoint that an
    earlier run left there stays until an epoch is better than it: its mean loss over data is
    measured first (with `every` in parts, of epoch 0), while the model lies in keep + ".now".
    ValueError when there is a file of that name that is no checkpoint.

    All arguments are checked at the call. ValueError or TypeError for those that do not fit, for
    more than 65,535 samples, and for a cache when nothing is frozen in front.
    """

class Moments:
    """Mean and deviation of numbers that come one after another, such as the first targets:
    net.map_output(moments.mean, moments.deviation)."""

    count: int
    mean: float
    deviation: float
    """1 when the numbers are all the same, or none came yet."""

    def add(self, number: float) -> None:
        """Take one more."""

class Recorder:
    """Keep labelled samples in a file, one after another (fqt_data.mpy, beside fqt.mpy).

    A power cut at any byte costs at most the samples since the last flush(): what is torn is
    skipped, and the next Recorder of that file goes on behind it. Files only grow at their end,
    which is kind to flash. docs/data_files.md describes them; `fqt data` shows them on the desk.
    """

    def __init__(
        self,
        path: str,
        shape: Shape | Model,
        type: Literal["B", "b", "h", "f"] = "B",
        *,
        targets: int = 0,
        records: int = 1000,
        flush: int = 1,
    ) -> None:
        """shape: (height, width, channels) of a sample, or a model whose input it is. type: of its
        numbers, as for array. targets: how many numbers it should give; 0 for a label. records:
        at most so many are kept: when half of them are there, they become the older file
        (`path`.old) in place of the one before. flush: to flash after so many samples.

        ValueError when the file has samples of another shape or type, or is none. OSError.
        """
    def __len__(self) -> int:
        """How many samples are kept."""
    def add(self, x: Buffer | Sequence[float], target: int | Sequence[float]) -> None:
        """Append a sample with its label (0 to 255) or targets. ValueError for what does not fit;
        OSError when the file system is full or fails. Nothing is appended then."""
    def flush(self) -> None:
        """Bring to flash what was added."""
    def close(self) -> None: ...
    def __enter__(self) -> Recorder: ...
    def __exit__(self, *_: Any) -> None: ...

class Data:
    """Samples in a file, read one at a time: for fit, evaluate, or a loop (fqt_data.mpy, beside
    fqt.mpy). It takes the RAM of one sample, and two bytes a record."""

    damaged: int
    """Records that are skipped: a power cut tore them, or their checksum does not match."""

    def __init__(self, path: str, targets: str | None = None) -> None:
        """A recording, with its older half. Or numpy's .npy files: samples [n][...] of uint8,
        int8, int16 or float32, and their labels or targets. ValueError when a file is none of
        these, or is cut off; OSError."""
    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> tuple[Buffer, Any]:
        """(sample, label or targets). The buffer is the same one each time: copy what you keep."""
    def close(self) -> None:
        """Close its files: before they are removed, or recorded to on FAT."""
    def __enter__(self) -> Data: ...
    def __exit__(self, *_: Any) -> None: ...

class Replay:
    """Samples of what was learned before, to be mixed with new ones, so that learning something
    new does not erase the old (fqt_field.mpy and fqt_data.mpy, beside fqt.mpy). Classes have equal
    shares, as far as they have samples; within a class each sample that was added is as likely to
    be kept. The same seed and samples, in the same order, keep the same on every machine.
    """

    def __init__(
        self,
        shape: Shape | Model,
        type: Literal["B", "b", "h", "f"] = "B",
        *,
        samples: int = 100,
        path: str | None = None,
        seed: int = 1,
    ) -> None:
        """shape, type: as for Recorder. samples: how many are kept at most, 2 to 16,000.

        path: keep them in this recording, over restarts and power cuts, and go on with what is in
        it; it has at most twice as many records, and is replaced by a smaller one then. RAM then
        holds one sample, and 7 bytes for each that is kept. Without path all are in RAM. Give the
        seed that the file began with. ValueError as for Recorder; OSError.
        """
    def add(self, x: Buffer | Sequence[float], label: int) -> bool:
        """Offer a sample with its label (0 to 255); returns whether it is kept. The same sample
        again is not. ValueError for what does not fit, and for a class more than there are
        samples; OSError. Nothing changes then."""
    def fill(self, data: Samples) -> None:
        """Add all of a list of (sample, label), or of fqt.Data."""
    def mix(self, new: Samples, rounds: int = 1) -> Samples:
        """New samples and those that are kept, for fit. new: a list of (sample, label), or
        fqt.Data. rounds: how often each that is kept comes in an epoch, 1 to 100; with 2 the old
        counts for more, and loses less. TypeError for another form, ValueError."""
    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> tuple[Buffer, int]:
        """(sample, label). With a file the buffer is the same one each time; without, it changes
        when its sample is replaced."""
    def close(self) -> None: ...
    def __enter__(self) -> Replay: ...
    def __exit__(self, *_: Any) -> None: ...

class Threshold:
    """What is unusual: a quantile of the losses of normal samples (fqt_field.mpy, beside fqt.mpy),
    in 512 bytes however many there are. It is within an eighth of the exact one, for losses from
    2**-17 to 2**15; mostly far nearer.

    Calibrate with add(), then ask exceeded().
    """

    quantile: float
    drift: bool
    """Losses exceed the threshold about five times as often as the quantile promises, or more: the
    sensor or what it sees has changed for long. Stays True until clear()."""

    def __init__(self, quantile: float = 0.99, *, false_alarm: float = 10000) -> None:
        """quantile: the share of normal losses below the threshold, 0.5 to below 1; calibrate with
        ten times 1 / (1 - quantile) losses or more. false_alarm: while nothing changes, drift is
        told falsely after so many losses on average, or later. ValueError."""
    def add(self, loss: float) -> None:
        """Take the loss of a normal sample: net.loss_for(x, None) of an autoencoder. ValueError
        unless it is 0 or more, and finite."""
    def __len__(self) -> int:
        """How many were added (those of long ago count half after 65,535 of one size)."""
    @property
    def value(self) -> float:
        """The threshold. ValueError before any loss was added."""
    def exceeded(self, loss: float) -> bool:
        """Whether a loss is above the threshold; it counts for `drift`."""
    def clear(self) -> None:
        """Forget what was found about drift."""
    def save(self, path: str) -> None:
        """Write all to a file, as Model.save does: a power cut leaves the old or the new one.
        OSError."""
    def restore(self, path: str) -> None:
        """Take the counts, the quantile and the state of drift from a file. ValueError when it is
        damaged or none: nothing changes then. OSError."""

def shuffle(order: Buffer, seed: int, /) -> None:
    """Permute an array 'H' in place; the same on every machine for the same seed. TypeError for
    another type."""
