"""The tables of an experiment's TOML file, each with what its keys mean and may be."""

from __future__ import annotations

from dataclasses import dataclass, field

from fqt.inputs import DEFAULT_MASTER, check_master
from fqt.options import Options
from fqt.train.class_weights import check_class_weights
from fqt.train.quantize import check_percentile
from fqt.train.schedules import learning_rate

ARITHMETICS = ("float32", "pytorch", "int8", "mixed")
INPUTS = ("bytes", "normalized", "raw")
SKLEARN = ("breast_cancer", "diabetes", "digits", "wine")
TARGETS = ("raw", "standardized")


@dataclass(frozen=True)
class Data:
    """One of two. file: a NumPy archive with x_train, y_train, x_test, y_test and classes, in the
    folder of the data. sklearn: a data set that scikit-learn brings, "digits" say, of which a
    third, always the same, is the test part.

    shape: (height, width, channels) that samples are brought to; as they are when left out.
    window: cut each sample along its width (time) into windows of so many steps, each a sample
    with the same label; 0: as they are. input: "bytes" (uint8, meaning value / 255), "normalized"
    (each channel to mean 0 and deviation 1 of the training data, cut at +-clip) or "raw" (numbers
    as they are)."""

    file: str = ""
    sklearn: str = ""
    input: str = "bytes"
    shape: tuple[int, ...] = ()
    clip: float = 4.0
    window: int = 0

    def __post_init__(self):
        require(bool(self.file) != bool(self.sklearn), "says either file = NAME or sklearn = NAME")
        require(
            self.sklearn in ("", *SKLEARN),
            f"sklearn is one of {', '.join(SKLEARN)}, not {self.sklearn!r}",
        )
        require(self.input in INPUTS, f"input is one of {INPUTS}, not {self.input!r}")
        require(
            not self.shape or (len(self.shape) == 3 and min(self.shape) > 0),
            f"shape is [height, width, channels], not {self.shape}",
        )
        require(self.clip > 0, "clip is above 0")
        require(self.window >= 0, "window is a number of steps, or 0")


@dataclass(frozen=True)
class EarlyStopping:
    """Training ends after `patience` epochs that were no better on the share `held_out` of the
    training data, and the best one's network counts."""

    held_out: float = 0.1
    patience: int = 3

    def __post_init__(self):
        require(0 < self.held_out < 1, f"held_out is above 0 and below 1, not {self.held_out}")
        require(self.patience >= 1, f"patience is at least 1 epoch, not {self.patience}")


@dataclass(frozen=True)
class Training:
    """How long and how fast: as in fqt.fit. class_weights: what a sample's gradient is multiplied
    by, one number a class, or "balanced" (fqt.train.class_weights): in int8, as on a device, by
    its learning rate, so that weight_decay is multiplied too."""

    epochs: int
    learning_rate: float = 0.01
    schedule: str = "cosine"
    class_weights: tuple[float, ...] | str | None = None
    early_stopping: EarlyStopping | None = None

    def __post_init__(self):
        require(self.epochs >= 1, f"epochs must be at least 1, not {self.epochs}")
        learning_rate(self.schedule, self.learning_rate, 0, self.epochs)
        weights = self.class_weights
        check_class_weights(weights, len(weights) if isinstance(weights, tuple) else 0)


@dataclass(frozen=True)
class Run:
    """One way to train. arithmetic: "float32"; "pytorch", the same with PyTorch's gradients;
    "int8", as on a board, with that master; "mixed": int8 up to the last float_layers layers,
    these in float32. train: the layers that train, as in fqt.train.quantize; reset: those among
    them that start from new random weights (a transfer).
    percentile: of calibration data, as in fqt.train.quantize. at_most: what the score may lie
    below that of the run `against`, of the first one when that is left out, for the report."""

    name: str
    arithmetic: str
    master: int = DEFAULT_MASTER
    float_layers: int = 1
    train: str = "all"
    reset: str = "none"
    update_rate: tuple[float, float] = (1.0, 1.0)
    standardize: bool = False
    weight_decay: float = 0.0
    sample_updates: bool = False
    batch: int = 1
    percentile: float = 100.0
    training: dict = field(default_factory=dict)  # overrides of [training]
    regression: dict = field(default_factory=dict)  # overrides of [regression]
    at_most: float | None = None
    against: str = ""

    def __post_init__(self):
        require(
            self.arithmetic in ARITHMETICS,
            f"arithmetic is one of {ARITHMETICS}, not {self.arithmetic!r}",
        )
        check_master(self.master)
        check_percentile(self.percentile)
        require(self.float_layers >= 1, "float_layers is at least 1")
        require(self.batch >= 1, "batch is at least 1")
        require(
            self.options == Options(weight_decay=self.weight_decay) or self.arithmetic == "int8",
            "update_rate, sample_updates and standardize go with arithmetic 'int8'",
        )

    @property
    def options(self) -> Options:
        least, most = self.update_rate
        return Options((least, most), self.standardize, self.weight_decay, self.sample_updates)


@dataclass(frozen=True)
class Transfer:
    """A network trained on some people meets another. group: data has arrays <group>_train and
    <group>_test; held_out: the members that training never sees, each adapted to with
    samples_per_class of its samples and tested on all its others."""

    group: str
    held_out: tuple[int, ...]
    pretraining: Training
    samples_per_class: int = 10

    def __post_init__(self):
        require(len(self.held_out) > 0, "held_out names a member at least")
        require(self.samples_per_class >= 1, "samples_per_class is at least 1")


@dataclass(frozen=True)
class Anomaly:
    """An autoencoder trained on the samples of class `normal`: its loss tells the others."""

    normal: int = 0


@dataclass(frozen=True)
class Reconstruction:
    """An autoencoder trained on all samples: the score is R2, how much of them it returns."""


@dataclass(frozen=True)
class Regression:
    """y are numbers, one or more a sample: the score is R2, how much of them it predicts. targets:
    "raw", y as they are, or "standardized", to mean 0 and deviation 1 of the training data; they
    are multiplied by scale then, and offset is added. standardize_data: the network is told of
    these units before it trains (Sequential.standardize_data). R2 is the same in all units."""

    targets: str = "standardized"
    scale: float = 1.0
    offset: float = 0.0
    standardize_data: bool = False

    def __post_init__(self):
        require(self.targets in TARGETS, f"targets is one of {TARGETS}, not {self.targets!r}")
        require(self.scale != 0, "scale is not 0")


def require(condition: bool, message: str) -> None:
    """Raises ValueError with the message unless the condition holds."""
    if not condition:
        raise ValueError(message)
