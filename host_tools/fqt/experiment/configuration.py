"""The TOML file of an experiment: what it may say, checked, with the place of every mistake.

examples/experiments/ has one of each kind, with comments.
"""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass
from typing import Any

from fqt import layers
from fqt.arguments import NAME_BYTES
from fqt.experiment.sections import (
    Anomaly,
    Data,
    Reconstruction,
    Regression,
    Run,
    Training,
    Transfer,
    require,
)
from fqt.experiment.tables import check_table, make, tables
from fqt.file.layout import LOSSES
from fqt.layers.layer import Layer
from fqt.train import reference_networks
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
# Without any of these: classes, from random weights.
KINDS = ("transfer", "anomaly", "reconstruction", "regression")


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
    reconstruction: Reconstruction | None = None
    regression: Regression | None = None

    def __post_init__(self):
        require(
            re.fullmatch(r"\w[\w .,+()=-]{0,99}", self.name) is not None,
            "name is that of a folder of results: letters, digits, and . , + ( ) = - or spaces "
            f"between, not {self.name!r}",
        )
        require(len(self.seeds) > 0 and len(self.runs) > 0, "it needs a seed and a run")
        require(
            min(self.seeds) >= 0 and len(set(self.seeds)) == len(self.seeds),
            f"seeds differ, and are 0 or more, not {list(self.seeds)}",
        )
        require(
            len(self.network) == 1 and set(self.network) <= {"layers", "reference"},
            "[network] says either layers = [...] or reference = NAME, and perhaps loss",
        )
        reference = self.network.get("reference")
        require(
            reference is None or reference in REFERENCES,
            f"[network] reference is one of {', '.join(REFERENCES)}, not {reference}",
        )
        names = [run.name for run in self.runs]
        require(len(set(names)) == len(names), f"two runs have the same name: {names}")
        for run in self.runs:
            require(run.against in ("", *names), f"[runs] against: no run {run.against!r}")
        require(self.loss in LOSSES, f"loss is one of {', '.join(LOSSES)}, not {self.loss!r}")
        kinds = [kind for kind in KINDS if getattr(self, kind) is not None]
        require(len(kinds) < 2, f"it is one of [{'], ['.join(kinds)}], not both")
        returns_numbers = self.transfer is None and len(kinds) > 0
        require(
            not returns_numbers or self.loss == "mean_squared_error",
            f"[{''.join(kinds)}] goes with loss = 'mean_squared_error' in [network]",
        )
        require(
            reference is None or self.loss == "softmax_cross_entropy",
            f"[network] reference goes with softmax_cross_entropy, not {self.loss}: say layers",
        )
        for run in self.runs:
            weights = self.training_of(run).class_weights
            require(
                weights is None or self.loss == "softmax_cross_entropy",
                f"class_weights go with softmax_cross_entropy, not {self.loss}",
            )
            require(
                not returns_numbers or run.arithmetic != "mixed",
                f"run {run.name!r}: arithmetic 'mixed' goes with classes",
            )
            require(
                self.regression is not None or not run.regression,
                f"run {run.name!r}: regression goes with [regression]",
            )
            if self.regression is not None:
                self.regression_of(run)
        if "layers" in self.network:
            _layers(self.network["layers"])

    @property
    def is_autoencoder(self) -> bool:
        return self.anomaly is not None or self.reconstruction is not None

    def build(self, input_shape: tuple[int, int, int], outputs: int, seed: int) -> Sequential:
        """The network with random weights. outputs: of a reference network; layers say it
        themselves. Raises ValueError naming the layer."""
        if "reference" in self.network:
            return REFERENCES[self.network["reference"]](input_shape, outputs, seed)
        return _build_network(self.network["layers"], input_shape, seed, self.name, self.loss)

    def regression_of(self, run: Run) -> Regression:
        assert self.regression
        return make(Regression, {**vars(self.regression), **run.regression}, "runs.regression")

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
        require(
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
            name = os.path.splitext(os.path.basename(path))[0]
            said = {"name": name, "data": {}, "training": {}, **said, "network": network}
            runs = tables(said.get("runs", []), "[[runs]]")
            said["runs"] = tuple(make(Run, _with_rates(run), "runs") for run in runs)
            return make(Experiment, said, "")
        except (ValueError, TypeError) as error:
            raise ValueError(f"{os.fspath(path)}: {error}") from None


def _with_rates(run: dict) -> dict:
    """A run whose update_rate may be one number."""
    rate = run.get("update_rate", [])
    return {**run, "update_rate": [rate, rate]} if isinstance(rate, (int, float)) else run
