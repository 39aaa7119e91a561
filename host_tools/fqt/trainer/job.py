"""What is trained, or evaluated, and how: the same for every place."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import numpy as np

from fqt.arguments import whole_number
from fqt.file.model_file import ModelFile
from fqt.inputs import DEFAULT_MASTER, check_batch, check_learning_rate, labels_of
from fqt.options import Options
from fqt.run import core
from fqt.samples.sources import Samples
from fqt.train.schedules import learning_rate

GREATEST_SAMPLES = 65535  # as fqt.fit takes them
GREATEST_EPOCHS = 10**6


@dataclass(frozen=True)
class Job:
    """A model and samples. x: [n][...] in a type that the model takes. y: labels uint16 [n],
    of pixels uint8 [n][pixels], targets float32 [n][outputs], or None: the input is the target."""

    model: ModelFile
    x: np.ndarray
    y: np.ndarray | None
    master: int = DEFAULT_MASTER
    batch: int = 1
    epochs: int = 1
    lr: float = 0.01
    schedule: str = "linear"
    seed: int = 1
    options: Options = field(default_factory=Options)
    keeps_epochs: bool = False  # a checkpoint after each epoch

    def __post_init__(self):
        whole_number("epochs", self.epochs, 1, GREATEST_EPOCHS)
        check_batch(self.batch)
        check_learning_rate(self.lr)

    def rates(self) -> list[float]:
        """The learning rate of each epoch, those of fqt.fit."""
        return [
            learning_rate(self.schedule, self.lr, epoch, self.epochs)
            for epoch in range(self.epochs)
        ]

    def settings(self) -> dict:
        """What a run that goes on must have in common with the one that began."""
        data = hashlib.sha256(np.ascontiguousarray(self.x).tobytes())
        data.update(b"" if self.y is None else np.ascontiguousarray(self.y).tobytes())
        return {
            "model": hashlib.sha256(self.model.to_bytes()).hexdigest(),
            "samples": data.hexdigest(),
            "master": self.master,
            "batch": self.batch,
            "epochs": self.epochs,
            "lr": self.lr,
            "schedule": self.schedule,
            "seed": self.seed,
            "update rate": list(self.options.update_rate),
            "sample updates": self.options.sample_updates,
            "standardize": self.options.standardize,
            "weight decay": self.options.weight_decay,
        }


@dataclass(frozen=True)
class State:
    """How far a run is. epoch, position, loss: the epochs that are done, the samples of the next
    one, the sum of their losses. checkpoint: the model then (of model.save(checkpoint=True));
    None: as it came."""

    epoch: int = 0
    position: int = 0
    loss: float = 0.0
    checkpoint: bytes | None = None


def job_data(model: ModelFile, samples: Samples, reconstruct: bool = False):
    """(x, y) of a Job. reconstruct: the input is the target. Raises ValueError for samples that
    are not what the model takes, and whose labels or targets are not what its loss compares
    with."""
    if len(samples.x) > GREATEST_SAMPLES:
        raise ValueError(f"{len(samples.x)} samples, at most {GREATEST_SAMPLES} are trained on")
    if not len(samples.x):
        raise ValueError("the data has no samples")
    core.Model(model).quantize_inputs(samples.x)  # raises for those that do not fit
    if reconstruct:
        return samples.x, None
    y = np.asarray(samples.y)
    if model.loss == "softmax_cross_entropy":
        if not samples.has_classes:
            raise ValueError(
                f"the model tells classes ({model.loss}), the data has numbers as targets: it "
                "needs a label, 0 or above, for each sample"
            )
        if y.min() < 0 or y.max() >= model.outputs:
            raise ValueError(
                f"labels are {y.min()} to {y.max()}, the model has {model.outputs} classes"
            )
        return samples.x, y.astype(np.uint16)
    if model.is_pixelwise:
        return samples.x, labels_of(model, y, len(y)).astype(np.uint8)
    if samples.has_classes and model.outputs > 1:
        raise ValueError(
            f"the model gives {model.outputs} numbers ({model.loss}), the data has one label a "
            "sample: give targets, or --reconstruct where the input is the target"
        )
    targets = y.reshape(len(y), -1).astype(np.float32)
    if targets.shape[1] != model.outputs:
        raise ValueError(
            f"a sample has {targets.shape[1]} targets, the model gives {model.outputs} numbers"
        )
    return samples.x, targets


def loop_job(job: Job, state: State, rates: list) -> dict:
    """What loop.train takes, with the rates as the place's learner takes them."""
    return {
        "samples": len(job.x),
        "rates": rates,
        "seed": job.seed,
        "batch": job.batch,
        "epoch": state.epoch,
        "position": state.position,
        "loss": state.loss,
        "keeps_epochs": job.keeps_epochs,
    }
