"""How good a model's outputs for samples are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fqt.file.model_file import ModelFile
from fqt.inputs import IGNORED
from fqt.run import core
from fqt.trainer.job import Job

GREATEST_TABLE = 20  # classes


@dataclass(frozen=True)
class Score:
    """name: accuracy (the share that is right), R2, or loss (mean). predictions: a class for each
    sample, of each pixel that counts, or [n][outputs] numbers, or losses [n]. wanted: labels or
    targets; None with losses. of: what predictions are of."""

    name: str
    value: float
    predictions: np.ndarray
    wanted: np.ndarray | None
    of: str = "samples"

    def __str__(self) -> str:
        return score_text(self.name, self.value)

    @property
    def has_classes(self) -> bool:
        return self.name == "accuracy"

    def confusion(self) -> np.ndarray:
        """Of samples of a class (row) how many were predicted as each (column)."""
        assert self.wanted is not None
        classes = int(max(self.wanted.max(), self.predictions.max())) + 1
        table = np.zeros((classes, classes), int)
        np.add.at(table, (self.wanted, self.predictions), 1)
        return table


def score_text(name: str, value: float) -> str:
    return f"{name} {100 * value:.2f} %" if name == "accuracy" else f"{name} {value:.4f}"


def gives(job: Job) -> str:
    """What a model is asked for each sample: class, classes (of its pixels), numbers or loss."""
    model = job.model
    if job.y is None:
        return "loss"
    if model.is_pixelwise:
        return "classes"
    if model.loss == "softmax_cross_entropy":
        return "class"
    return "class" if model.loss == "binary_cross_entropy" and model.outputs == 1 else "numbers"


def score_of(job: Job, found) -> Score:
    """The score of what the model gave for the job's samples, as `gives` says."""
    kind = gives(job)
    if kind == "loss":
        losses = np.asarray(found, float)
        return Score("loss", float(losses.mean()), losses, None)
    assert job.y is not None
    if kind == "classes":
        counts = job.y != IGNORED
        labels, classes = job.y[counts].astype(int), np.asarray(found, int)[counts]
        right = float((classes == labels).mean()) if labels.size else 0.0
        return Score("accuracy", right, classes, labels, "pixels")
    if kind == "class":
        labels = job.y.reshape(len(job.y), -1)[:, 0]
        labels = labels.astype(int) if job.y.ndim == 1 else (labels > 0.5).astype(int)
        classes = np.asarray(found, int)
        return Score("accuracy", float((classes == labels).mean()), classes, labels)
    numbers = np.asarray(found, float).reshape(job.y.shape)
    residual = float(((numbers - job.y) ** 2).sum())
    spread = float(((job.y - job.y.mean(axis=0)) ** 2).sum())
    value = 1 - residual / spread if spread else float("nan")
    return Score("R2", value, numbers, job.y)


def score_in_core(job: Job, checkpoint: bytes | None = None) -> Score:
    """The score of the job's model, as a checkpoint has it, in the core: the bits are those of
    every place."""
    net = core.Model(job.model, job.master)
    if checkpoint:
        net.restore(checkpoint)
    kind = gives(job)
    if kind in ("class", "classes"):
        return score_of(job, net.predict_many(net.quantize_inputs(job.x)))
    if kind == "numbers":
        return score_of(job, net.outputs(job.x))
    return score_of(job, net.losses(job.x, job.y))


def trained(model: ModelFile, master: int, checkpoint: bytes) -> ModelFile:
    """The whole model as a checkpoint has it: the file that a device's save() writes."""
    net = core.Model(model, master)
    net.restore(checkpoint)
    return net.to_model_file()


def confusion_text(score: Score, labels: tuple[str, ...]) -> str:
    """The table of the classes, as lines; of many classes those mistakes alone that are most
    frequent."""
    table = score.confusion()
    names = [labels[i] if i < len(labels) else str(i) for i in range(len(table))]
    if len(table) > GREATEST_TABLE:
        wrong = table * (1 - np.eye(len(table), dtype=int))
        most = np.argsort(wrong, axis=None)[::-1][:10]
        pairs = [divmod(int(i), len(table)) for i in most if wrong.flat[i]]
        return "\n".join(f"{names[a]} taken for {names[b]}: {wrong[a, b]}" for a, b in pairs)
    width = max(6, *(len(name) for name in names)) + 1
    lines = ["is \\ seen as".ljust(width + 6) + "".join(name.rjust(width) for name in names)]
    lines += [
        name.ljust(width + 6) + "".join(str(count).rjust(width) for count in row)
        for name, row in zip(names, table, strict=True)
    ]
    return "\n".join(lines)
