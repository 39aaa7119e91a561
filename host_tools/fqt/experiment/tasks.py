"""What one training run of an experiment gives: a classifier from scratch, a transfer, an anomaly
detector, an autoencoder, or a regression."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from fqt.experiment import data
from fqt.experiment.arithmetic import trainer
from fqt.experiment.configuration import Experiment, Run
from fqt.experiment.early_stopping import BestEpoch, hold_out
from fqt.experiment.scores import accuracy, area_under_curve, determination
from fqt.train.sequential import Sequential

Report = Callable[[str], None]  # takes a line that says how far it is


def run_task(
    experiment: Experiment, run: Run, seed: int, folder: Path, kept: Path, say: Report
) -> dict:
    """One run with one seed: {"scores": {name: at most 1}, "history": [[loss, score], ...],
    "seconds" of the processor, ...}. folder: of the data; kept: where pretrained networks are."""
    started = time.process_time()
    if experiment.transfer:
        result = _transfer(experiment, run, seed, folder, kept, say)
    elif experiment.anomaly:
        result = _anomaly(experiment, run, seed, folder, say)
    elif experiment.reconstruction:
        result = _reconstruction(experiment, run, seed, folder, say)
    elif experiment.regression:
        result = _regression(experiment, run, seed, folder, say)
    else:
        result = _scratch(experiment, run, seed, folder, say)
    return {**result, "seconds": round(time.process_time() - started, 1)}


def _train(experiment, run, net, split: data.Split, seed: int, score, say: Report):
    """Train; give the trainer and the history. After early stopping the history goes on as the
    best epoch's."""
    training = experiment.training_of(run)
    has_targets = not experiment.is_autoencoder
    best = None
    if training.early_stopping:
        split, held_x, held_y = hold_out(split, training.early_stopping.held_out, seed)
        best = BestEpoch(training.early_stopping, held_x, held_y if has_targets else None)
    made = trainer(net, run, split.calibration, seed, experiment.data.input == "bytes")
    history = [[None, score(made)]]
    y = split.y_train if has_targets else None
    for epoch, loss in enumerate(made.epochs(split.x_train, y, training, seed), 1):
        history.append([round(loss, 5), score(made)])
        say(f"epoch {epoch} of {training.epochs}: loss {loss:.4f}, score {history[-1][1]:.4f}")
        if best and best.is_over(made, epoch):
            break
    if best:
        made.restore(best.state)
        history = history[: best.epoch + 1]
        history += history[-1:] * (training.epochs - best.epoch)
    return made, history


def _build(experiment: Experiment, arrays: dict[str, np.ndarray], seed: int) -> Sequential:
    outputs = data.outputs_of(experiment, arrays)
    return experiment.build(arrays["x_train"].shape[1:], outputs, seed)


def _accuracy(split: data.Split):
    return lambda made: accuracy(split.y_test, made.predict(split.x_test))


def _scratch(experiment, run, seed, folder, say) -> dict:
    arrays = data.load(experiment, folder)
    split = data.whole_split(arrays)
    net = _build(experiment, arrays, seed)
    _, history = _train(experiment, run, net, split, seed, _accuracy(split), say)
    return {"scores": {"accuracy": history[-1][1]}, "history": history}


def _regression(experiment, run, seed, folder, say) -> dict:
    arrays = data.load(experiment, folder)
    split = data.regression_split(experiment, run, arrays)
    net = _build(experiment, arrays, seed)
    if experiment.regression_of(run).standardize_data:
        net.standardize_data(split.x_train, split.y_train)

    def score(made) -> float:
        return determination(split.y_test, made.outputs(split.x_test))

    _, history = _train(experiment, run, net, split, seed, score, say)
    return {"scores": {"R2": history[-1][1]}, "history": history}


def _reconstruction(experiment, run, seed, folder, say) -> dict:
    arrays = data.load(experiment, folder)
    split = data.whole_split(arrays)
    net = _build(experiment, arrays, seed)

    def score(made) -> float:
        return determination(split.x_test, made.outputs(split.x_test))

    _, history = _train(experiment, run, net, split, seed, score, say)
    return {"scores": {"R2": history[-1][1]}, "history": history}


def _anomaly(experiment, run, seed, folder, say) -> dict:
    normal = experiment.anomaly.normal
    arrays = data.load(experiment, folder)
    split = data.normal_split(arrays, normal)
    faults = [int(label) for label in np.unique(split.y_test) if label != normal]
    normal_test = split.x_test[split.y_test == normal]
    net = _build(experiment, arrays, seed)

    def areas(made) -> dict[str, float]:
        losses = made.losses(split.x_test)
        of_normal = losses[split.y_test == normal]
        return {
            f"AUC {split.classes[label]}": area_under_curve(
                of_normal, losses[split.y_test == label]
            )
            for label in faults
        }

    def worst(made) -> float:
        return min(areas(made).values())

    made, history = _train(experiment, run, net, split, seed, worst, say)
    scores = {**areas(made), "R2": determination(normal_test, made.outputs(normal_test))}
    return {"scores": scores, "history": history}


def needed_pretraining(experiment: Experiment, folder: Path) -> list[int | None]:
    """The members of the group without whom a network must be trained; None: all whom the training
    data lack anyway."""
    assert experiment.transfer
    arrays = data.load(experiment, folder)
    found = [_left_out(experiment, arrays, member) for member in experiment.transfer.held_out]
    return list(dict.fromkeys(found))


def _left_out(experiment: Experiment, arrays: dict[str, np.ndarray], member: int) -> int | None:
    assert experiment.transfer
    return member if member in arrays[f"{experiment.transfer.group}_train"] else None


def pretrain(
    experiment: Experiment, left_out: int | None, seed: int, folder: Path, kept: Path, say: Report
) -> None:
    """Train in float32 on all but one member of the group; keep the network. left_out: as
    needed_pretraining gives it."""
    assert experiment.transfer
    path = pretrained_path(kept, left_out, seed)
    if path.exists():
        return
    arrays = data.load(experiment, folder)
    if left_out is None:
        split = data.whole_split(arrays)
    else:
        split = data.others_split(arrays, experiment.transfer.group, left_out)
    net = _build(experiment, arrays, seed)
    training = experiment.transfer.pretraining
    for epoch in net.fit(
        split.x_train,
        split.y_train,
        training.epochs,
        training.learning_rate,
        schedule=training.schedule,
        seed=seed,
    ):
        say(f"pretraining: epoch {epoch.epoch} of {training.epochs}: loss {epoch.loss:.4f}")
    net.save(path)


def load_pretrained(
    experiment: Experiment, member: int, seed: int, folder: Path, kept: Path
) -> Sequential:
    """The network that pretrain kept for a member of the group."""
    arrays = data.load(experiment, folder)
    net = _build(experiment, arrays, seed)
    net.load(pretrained_path(kept, _left_out(experiment, arrays, member), seed))
    return net


def pretrained_path(kept: Path, left_out: int | None, seed: int) -> Path:
    """Where pretrain keeps a network, and load_pretrained looks for it."""
    return kept / f"pretrained-{'none' if left_out is None else left_out}-{seed}.npz"


def _saying_first(what: str, say: Report) -> Report:
    """say, with what the lines are about before each."""
    return lambda line: say(f"{what}: {line}")


def _transfer(experiment, run, seed, folder, kept, say) -> dict:
    transfer = experiment.transfer
    arrays = data.load(experiment, folder)
    befores, afters, rates, histories = [], [], [], []
    for member in transfer.held_out:
        split = data.member_split(arrays, transfer.group, member, transfer.samples_per_class, seed)
        net = load_pretrained(experiment, member, seed, folder, kept)
        untouched = trainer(
            net,
            Run(run.name, run.arithmetic, run.master, run.float_layers, run.train),
            split.calibration,
            seed,
            experiment.data.input == "bytes",
        )
        befores.append(_accuracy(split)(untouched))
        made, history = _train(
            experiment,
            run,
            net,
            split,
            seed,
            _accuracy(split),
            _saying_first(f"{transfer.group} {member}", say),
        )
        afters.append(history[-1][1])
        histories.append(history)
        if hasattr(made, "update_rates"):
            rates.append(made.update_rates)
    mean = np.mean(np.array(histories, float), axis=0)
    result = {
        "scores": {"gain": float(np.mean(afters) - np.mean(befores))},
        "before": float(np.mean(befores)),
        "after": float(np.mean(afters)),
        "history": [[None if np.isnan(a) else round(a, 5), b] for a, b in mean.tolist()],
    }
    if rates:
        counts, _ = np.histogram(np.concatenate(rates), bins=1000, range=(0, 1))
        result["update_rates"] = counts.tolist()
    return result
