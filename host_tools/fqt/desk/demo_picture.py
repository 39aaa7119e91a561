"""The picture of `fqt demo`: digits with what the network says of them before and after, accuracy
by epoch, and which digits are taken for which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fqt.plotting import pyplot

WHEN = "before", "after"
INT8, FLOAT32, WRONG = "#1f6fb4", "#8a8a8a", "#c23b22"


@dataclass(frozen=True)
class Curve:
    """Accuracies in [0, 1] before training and after each epoch; as in float32, where that ran."""

    title: str
    int8: Sequence[float]
    float32: Sequence[float] | None = None


@dataclass(frozen=True)
class Answers:
    """Images uint8 [n][height][width], what they are [n], and what the network says of them before
    and after training [n]."""

    images: np.ndarray
    labels: np.ndarray
    before: np.ndarray
    after: np.ndarray


def draw(path: Path, curves: Sequence[Curve], answers: Answers, place: str) -> None:
    """Write the picture; its type is that of the name. Raises RuntimeError without matplotlib."""
    figure = pyplot().figure(figsize=(12, 6.4), layout="constrained")
    top, bottom = figure.subfigures(2, 1, height_ratios=[1, 2.1])
    _draw_digits(top, answers)
    axes = bottom.subplots(1, len(curves) + 2, width_ratios=[1.25] * len(curves) + [1, 1])
    for axis, curve in zip(axes, curves, strict=False):
        _draw_curve(axis, curve, place)
    for axis, said, when in zip(axes[-2:], (answers.before, answers.after), WHEN, strict=True):
        _draw_confusion(axis, answers.labels, said, when)
    figure.savefig(path, dpi=100, metadata={"Software": None} if path.suffix == ".png" else None)
    pyplot().close(figure)


def _draw_digits(figure, answers: Answers) -> None:
    """The first image of each class, apart from each other."""
    figure.suptitle("What the sideways sensor sees, and what the network says it is")
    classes = np.unique(answers.labels)
    for axis, label in zip(figure.subplots(1, len(classes)), classes, strict=True):
        first = int(np.argmax(answers.labels == label))
        axis.imshow(answers.images[first], cmap="gray_r")
        axis.set_xticks([])
        axis.set_yticks([])
        axis.set_title(f"a {label}", fontsize=10)
        for row, said in enumerate((answers.before[first], answers.after[first])):
            axis.text(
                0.5,
                -0.08 - 0.2 * row,
                f"{WHEN[row]}: {said}",
                transform=axis.transAxes,
                ha="center",
                va="top",
                fontsize=10,
                color=INT8 if said == label else WRONG,
            )


def _draw_curve(axis, curve: Curve, place: str) -> None:
    if curve.float32 is not None:
        axis.plot(_percent(curve.float32), label="float32, on the host", color=FLOAT32)
    axis.plot(_percent(curve.int8), label=f"int8, {place}", color=INT8, marker="o", markersize=3)
    for epoch in (0, len(curve.int8) - 1):
        share = 100 * curve.int8[epoch]
        side, up = ("left", 1) if epoch == 0 else ("right", -1)
        axis.annotate(
            f"{share:.1f} %",
            (epoch, share),
            xytext=(4 if up > 0 else -4, 9 * up),
            textcoords="offset points",
            ha=side,
            va="center" if up > 0 else "top",
            color=INT8,
        )
    axis.set_title(curve.title, fontsize=11)
    axis.set_xlabel("epochs of training")
    axis.set_ylabel("test images recognised, %")
    axis.set_ylim(0, 104)
    axis.grid(alpha=0.3)
    axis.legend(loc="lower right", fontsize=9)


def _draw_confusion(axis, labels: np.ndarray, said: np.ndarray, when: str) -> None:
    """How many of each class (row) are taken for which (column)."""
    classes = int(labels.max()) + 1
    table = np.zeros((classes, classes), int)
    np.add.at(table, (labels, said), 1)
    axis.imshow(table, cmap="Blues")
    for row, column in zip(*np.nonzero(table), strict=True):
        dark = table[row, column] > table.max() / 2
        axis.text(
            column,
            row,
            table[row, column],
            ha="center",
            va="center",
            fontsize=7,
            color="white" if dark else "black",
        )
    axis.set_xticks(range(classes))
    axis.set_yticks(range(classes))
    axis.set_xlabel("the network says")
    axis.set_ylabel("the digit is")
    right = np.trace(table)
    axis.set_title(f"{when}: {right} of {len(labels)} right", fontsize=11)


def _percent(shares: Sequence[float]) -> list[float]:
    return [100 * share for share in shares]
