"""What a run did, as a picture and as one page of HTML: curves, the confusion of classes, samples
that are wrong, and how far each layer moved."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from html import escape

import numpy as np

from fqt.file.model_file import ModelFile
from fqt.plotting import pyplot
from fqt.train.float_network import float_network
from fqt.trainer.job import Job
from fqt.trainer.kept import Epoch
from fqt.trainer.run import Result
from fqt.trainer.score import Score, score_text
from fqt.version import __version__

WRONG = 10  # samples that are shown
DPI = 110
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62em; margin: 2em auto; padding: 0 1em;
  color: #222; background: #fff }
h1 { font-size: 1.4em } h2 { font-size: 1.1em; margin-top: 1.6em } img { max-width: 100% }
table { border-collapse: collapse } th { text-align: left; font-weight: 600 }
td, th { padding: .15em .9em .15em 0; border-bottom: 1px solid #ddd }
td { text-align: right; font-variant-numeric: tabular-nums } td:first-child { text-align: left }
"""


@dataclass(frozen=True)
class Moved:
    """A layer that trained. change: the norm of the difference of its weights by the norm of those
    before; share: of weights that are others, in int8."""

    name: str
    change: float
    share: float


def moved(before: ModelFile, after: ModelFile) -> list[Moved]:
    """How far each layer that trains moved, in the order of the layers."""
    found = []
    networks = float_network(before).layers, float_network(after).layers
    for record, new, old_layer, new_layer in zip(
        before.layers, after.layers, *networks, strict=True
    ):
        if record.weights is None or not record.trainable:
            continue
        old_weights = old_layer.parameters["weights"]
        change = np.linalg.norm(new_layer.parameters["weights"] - old_weights)
        share = float(np.mean(new.weights != record.weights))
        norm = float(np.linalg.norm(old_weights))
        found.append(Moved(record.name, float(change) / norm if norm else float("inf"), share))
    return found


def picture(result: Result, job: Job, test: Job | None) -> bytes:
    """The picture, a PNG file. Raises RuntimeError where matplotlib is missing."""
    plot = pyplot()
    score = result.after if test else None
    has_classes = score is not None and score.has_classes
    figure, axes = plot.subplots(2, 2, figsize=(11, 8), layout="constrained")
    figure.suptitle(f"{job.model.name}: {_summary(result, score)}")
    _draw_curves(axes[0][0], result.epochs, score)
    _draw_layers(axes[0][1], moved(job.model, result.model))
    if has_classes and score is not None and test is not None:
        _draw_confusion(axes[1][0], score, job.model.labels)
        if score.of == "samples":
            _draw_wrong(axes[1][1], score, test, job.model.labels)
        else:
            axes[1][1].axis("off")
    elif score is not None and score.wanted is not None:
        _draw_numbers(axes[1][0], score)
        axes[1][1].axis("off")
    else:
        axes[1][0].axis("off")
        axes[1][1].axis("off")
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=DPI)
    plot.close(figure)
    return file.getvalue()


def _summary(result: Result, score: Score | None) -> str:
    text = f"{len(result.epochs)} epochs"
    if score is not None and result.before is not None:
        text += f", {score} (before: {result.before})"
    return text


def _draw_curves(axes, epochs: list[Epoch], score: Score | None) -> None:
    numbers = [epoch.epoch for epoch in epochs]
    axes.plot(numbers, [epoch.loss for epoch in epochs], "o-", label="training loss")
    axes.set(title="Loss by epoch", xlabel="epoch", ylabel="loss")
    axes.xaxis.get_major_locator().set_params(integer=True)
    scored = [epoch for epoch in epochs if epoch.score is not None]
    if score is not None and scored:
        other = axes.twinx()
        other.plot(
            [epoch.epoch for epoch in scored], [epoch.score for epoch in scored], "s--", color="C1"
        )
        other.set_ylabel(f"{score.name} of the test samples (dashed)", color="C1")


def _draw_layers(axes, layers: list[Moved]) -> None:
    names = [layer.name for layer in layers]
    axes.barh(names, [100 * layer.change for layer in layers])
    axes.invert_yaxis()
    axes.set(title="How far the weights moved", xlabel="% of their norm before")


def _draw_confusion(axes, score: Score, labels: tuple[str, ...]) -> None:
    table = score.confusion()
    share = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    axes.set(title="Confusion", xlabel="predicted", ylabel="class")
    if len(table) <= 20:
        names = [_name(labels, i) for i in range(len(table))]
        axes.set_xticks(range(len(table)), names, rotation=45 if labels else 0)
        axes.set_yticks(range(len(table)), names)
        for row, column in np.argwhere(table > 0):
            colour = "white" if share[row, column] > 0.5 else "black"
            axes.text(column, row, table[row, column], ha="center", va="center", color=colour)


def _draw_wrong(axes, score: Score, test: Job, labels: tuple[str, ...]) -> None:
    assert score.wanted is not None
    wrong = np.flatnonzero(score.predictions != score.wanted)[:WRONG]
    axes.axis("off")
    axes.set_title(
        "Wrong: class, and what was predicted" if len(wrong) else "No test sample is wrong"
    )
    height = test.model.input_shape[0]
    for place, i in enumerate(wrong):
        row, column = divmod(place, 5)
        inset = axes.inset_axes((column / 5, 0.52 - 0.5 * row, 0.17, 0.36))
        sample = np.asarray(test.x[i], float).reshape(test.model.input_shape)
        if height > 1:
            inset.imshow(sample.mean(axis=2), cmap="gray")
        else:
            inset.plot(sample[0])
        inset.set_xticks([])
        inset.set_yticks([])
        told = f"{_name(labels, score.wanted[i])}: {_name(labels, score.predictions[i])}"
        inset.set_title(told, fontsize=9)


def _draw_numbers(axes, score: Score) -> None:
    assert score.wanted is not None
    axes.plot(score.wanted.ravel(), score.predictions.ravel(), ".", alpha=0.5)
    limits = [score.wanted.min(), score.wanted.max()]
    axes.plot(limits, limits, "k-", linewidth=0.7)
    axes.set(title="Test samples", xlabel="target", ylabel="predicted")


def _name(labels: tuple[str, ...], number: int) -> str:
    return labels[number] if number < len(labels) else str(number)


def page(result: Result, job: Job, test: Job | None, place: str) -> str:
    """The page, with the picture in it: nothing is fetched. Raises as picture."""
    image = base64.b64encode(picture(result, job, test)).decode()
    title = f"{job.model.name}, trained on {place}"
    settings = {name: value for name, value in job.settings().items() if value not in (None, "")}
    told = "".join(
        f"<tr><td>{escape(name)}</td><td>{escape(str(value))}</td></tr>"
        for name, value in settings.items()
    )
    epochs = "".join(_epoch_row(epoch, result.after) for epoch in result.epochs)
    layers = "".join(
        f"<tr><td>{escape(one.name)}</td><td>{100 * one.change:.2f} %</td>"
        f"<td>{100 * one.share:.1f} %</td></tr>"
        for one in moved(job.model, result.model)
    )
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>
<style>{STYLE}</style></head><body>
<h1>{escape(title)}</h1>
<p>{escape(_summary(result, result.after if test else None))}; {result.model.step_count} steps of
training in all; {result.seconds:.1f} s{"" if result.is_whole else "; stopped before its end"}.</p>
<img alt="Loss and score by epoch, how far each layer moved, confusion, wrong samples"
 src="data:image/png;base64,{image}">
<h2>Epochs</h2>
<table><tr><th>epoch</th><th>learning rate</th><th>loss</th><th>score</th></tr>{epochs}</table>
<h2>Layers</h2>
<table><tr><th>layer</th><th>weights moved by</th><th>int8 weights that are others</th></tr>
{layers}</table>
<h2>How to repeat it</h2>
<table>{told}</table>
<p>Made by fqt {escape(__version__)}.</p>
</body></html>
"""


def _epoch_row(epoch: Epoch, score: Score | None) -> str:
    told = "" if epoch.score is None or score is None else score_text(score.name, epoch.score)
    cells = (epoch.epoch, f"{epoch.lr:.5f}", f"{epoch.loss:.4f}", told)
    return f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in cells)}</tr>"
