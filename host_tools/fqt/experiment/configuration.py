"""The TOML file of an experiment: what it may say, checked, with the place of every mistake.

examples/experiments/ has one of each kind, with comments.
"""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass, field
from typing import Any

from fqt import layers
from fqt.arguments import NAME_BYTES
from fqt.experiment.tables import check_table, make, tables
from fqt.file.layout import LOSSES
from fqt.layers.layer import Layer
from fqt.options import Options
from fqt.train import reference_networks
from fqt.train.schedules import learning_rate
from fqt.train.sequential import Sequential

# The layers of fqt.layers: DepthwiseConv2D is called depthwise_conv2d here.
LAYERS = {
    re.sub("(?<=[a-z])(?=[A-Z])", "_", name).lower(): getattr(layers, name)
    for name in layers.__all__
}
REFERENCES = {
    "separable": reference_networks.separable,
    "time_series": reference_networks.time_series,
    "residual": reference_networks.residual,
}
ARITHMETICS = ("float32", "int8", "mixed")
INPUTS = ("bytes", "normalized")


@dataclass(frozen=True)
class Data:
    """file: a NumPy archive with x_train, y_train, x_test, y_test and classes, in the folder of
    the data. shape: (height, width, channels) that samples are brought to; as they are when left
    out. input: "bytes" (uint8, meaning value / 255) or "normalized" (each channel to mean 0 and
    deviation 1 of the training data, cut at +-clip)."""

    file: str
    input: str = "bytes"
    shape: tuple[int, ...] = ()
    clip: float = 4.0

    def __post_init__(self):
        _require(self.input in INPUTS, f"input is one of {INPUTS}, not {self.input!r}")
        _require(
            not self.shape or (len(self.shape) == 3 and min(self.shape) > 0),
            f"shape is [height, width, channels], not {self.shape}",
        )
        _require(self.clip > 0, "clip is above 0")


@dataclass(frozen=True)
class Training:
    """How long and how fast: as in fqt.fit."""

    epochs: int
    learning_rate: float = 0.01
    schedule: str = "cosine"

    def __post_init__(self):
        _require(self.epochs >= 1, f"epochs must be at least 1, not {self.epochs}")
        learning_rate(self.schedule, self.learning_rate, 0, self.epochs)


@dataclass(frozen=True)
class Run:
    """One way to train. arithmetic: "float32"; "int8", as on a board, with master 8 or 16;
    "mixed": int8 up to the last float_layers layers, these in float32. train: the layers that
    train, as in fqt.train.quantize; reset: those among them that start from new random weights (a
    transfer). at_most: what the score may lie below that of the run `against`, of the first one
    when that is left out, for the report."""

    name: str
    arithmetic: str
    master: int = 8
    float_layers: int = 1
    train: str = "all"
    reset: str = "none"
    update_rate: tuple[float, float] = (1.0, 1.0)
    standardize: bool = False
    weight_decay: float = 0.0
    sample_updates: bool = False
    batch: int = 1
    training: dict = field(default_factory=dict)  # overrides of [training]
    at_most: float | None = None
    against: str = ""

    def __post_init__(self):
        _require(
            self.arithmetic in ARITHMETICS,
            f"arithmetic is one of {ARITHMETICS}, not {self.arithmetic!r}",
        )
        _require(self.master in (8, 16), f"master is 8 or 16, not {self.master}")
        _require(self.float_layers >= 1, "float_layers is at least 1")
        _require(self.batch >= 1, "batch is at least 1")
        _require(
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
        _require(len(self.held_out) > 0, "held_out names a member at least")
        _require(self.samples_per_class >= 1, "samples_per_class is at least 1")


@dataclass(frozen=True)
class Anomaly:
    """An autoencoder trained on the samples of class `normal`: its loss tells the others."""

    normal: int = 0


@dataclass(frozen=True)
class Experiment:
    """All of it. network: {"layers": keyword arguments of one layer after another, as in
    fqt.layers, with their kind}, or {"reference": the name of a network of
    fqt.reference_networks}."""

    name: str
    data: Data
    network: dict
    training: Training
    runs: tuple[Run, ...]
    seeds: tuple[int, ...] = (1, 2, 3)
    loss: str = "softmax_cross_entropy"
    transfer: Transfer | None = None
    anomaly: Anomaly | None = None

    def __post_init__(self):
        _require(
            re.fullmatch(r"\w[\w .,+()=-]{0,99}", self.name) is not None,
            "name is that of a folder of results: letters, digits, and . , + ( ) = - or spaces "
            f"between, not {self.name!r}",
        )
        _require(len(self.seeds) > 0 and len(self.runs) > 0, "it needs a seed and a run")
        _require(
            min(self.seeds) >= 0 and len(set(self.seeds)) == len(self.seeds),
            f"seeds differ, and are 0 or more, not {list(self.seeds)}",
        )
        _require(
            len(self.network) == 1 and set(self.network) <= {"layers", "reference"},
            "[network] says either layers = [...] or reference = NAME, and perhaps loss",
        )
        reference = self.network.get("reference")
        _require(
            reference is None or reference in REFERENCES,
            f"[network] reference is one of {', '.join(REFERENCES)}, not {reference}",
        )
        names = [run.name for run in self.runs]
        _require(len(set(names)) == len(names), f"two runs have the same name: {names}")
        for run in self.runs:
            _require(run.against in ("", *names), f"[runs] against: no run {run.against!r}")
        _require(self.loss in LOSSES, f"loss is one of {', '.join(LOSSES)}, not {self.loss!r}")
        _require(
            self.anomaly is None or self.loss == "mean_squared_error",
            "an anomaly's loss is mean_squared_error",
        )
        _require(
            self.anomaly is None or self.transfer is None,
            "it is a [transfer] or an [anomaly], not both",
        )
        for run in self.runs:
            self.training_of(run)
        if "layers" in self.network:
            _layers(self.network["layers"])

    def build(self, input_shape: tuple[int, int, int], classes: int, seed: int) -> Sequential:
        """The network with random weights. Raises ValueError naming the layer."""
        if "reference" in self.network:
            return REFERENCES[self.network["reference"]](input_shape, classes, seed)
        return _build_network(self.network["layers"], input_shape, seed, self.name, self.loss)

    def training_of(self, run: Run) -> Training:
        return make(Training, {**vars(self.training), **run.training}, "runs.training")


def _build_network(descriptions, input_shape, seed: int, name: str, loss: str) -> Sequential:
    """A network from layers' keyword arguments. Raises ValueError naming the layer."""
    short = name.encode()[:NAME_BYTES].decode(errors="ignore")
    return Sequential(_layers(descriptions), input_shape, seed, short, loss)


def _layers(descriptions) -> list[Layer]:
    """Layers from their keyword arguments. Raises ValueError naming the layer."""
    made = []
    for number, description in enumerate(tables(descriptions, "[network] layers"), 1):
        arguments: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value
            for key, value in description.items()
        }
        kind = arguments.pop("kind", None)
        _require(
            isinstance(kind, str) and kind in LAYERS,
            f"layer {number}: kind is one of {', '.join(LAYERS)}, not {kind}",
        )
        try:
            made.append(LAYERS[kind](**arguments))
        except (TypeError, ValueError) as error:
            raise ValueError(f"layer {number} ({kind}): {error}") from None
    return made


def read_experiment(path: str | os.PathLike) -> Experiment:
    """Read a TOML file. Raises OSError, and ValueError that says which part is wrong."""
    with open(path, "rb") as file:
        try:
            said = tomllib.load(file)
            network = said.pop("network", {})
            check_table(network, "network")
            if "loss" in network:
                said["loss"] = network.pop("loss")
            transfer = said.pop("transfer", None)
            if transfer is not None:
                check_table(transfer, "transfer")
                pretraining = transfer.pop("pretraining", {})
                transfer["pretraining"] = make(Training, pretraining, "transfer.pretraining")
            anomaly = said.pop("anomaly", None)
            experiment = make(
                Experiment,
                {
                    "name": os.path.splitext(os.path.basename(path))[0],
                    **said,
                    "network": network,
                    "data": make(Data, said.get("data", {}), "data"),
                    "training": make(Training, said.get("training", {}), "training"),
                    "runs": tuple(
                        make(Run, _with_rates(run), "runs")
                        for run in tables(said.get("runs", []), "[[runs]]")
                    ),
                    "transfer": None if transfer is None else make(Transfer, transfer, "transfer"),
                    "anomaly": None if anomaly is None else make(Anomaly, anomaly, "anomaly"),
                },
                "the file",
            )
        except (ValueError, TypeError) as error:
            raise ValueError(f"{os.fspath(path)}: {error}") from None
    return experiment


def _with_rates(run: dict) -> dict:
    """A run whose update_rate may be one number."""
    rate = run.get("update_rate", [])
    return {**run, "update_rate": [rate, rate]} if isinstance(rate, (int, float)) else run


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)
