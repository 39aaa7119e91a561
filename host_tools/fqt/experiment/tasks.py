"""What one training run of an experiment gives: from scratch, a transfer, or an anomaly
detector."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from fqt.experiment import data
from fqt.experiment.arithmetic import trainer
from fqt.experiment.configuration import Experiment, Run
from fqt.train.sequential import Sequential

Report = Callable[[str], None]  # takes a line that says how far it is


def run_task(
    experiment: Experiment, run: Run, seed: int, folder: Path, kept: Path, say: Report
) -> dict:
    """One run with one seed: {"scores": {name: 0 to 1}, "history": [[loss, score], ...],
    "seconds", ...}. folder: of the data; kept: where pretrained networks are."""
    started = time.monotonic()
    if experiment.transfer:
        result = _transfer(experiment, run, seed, folder, kept, say)
    elif experiment.anomaly:
        result = _anomaly(experiment, run, seed, folder, say)
    else:
        result = _scratch(experiment, run, seed, folder, say)
    return {**result, "seconds": round(time.monotonic() - started, 1)}


def _train(experiment, run, net, split: data.Split, seed: int, y, score, say: Report):
    """Train; give the trainer and the history."""
    made = trainer(net, run, split.calibration, seed, experiment.data.input == "bytes")
    training = experiment.training_of(run)
    history = [[None, score(made)]]
    for epoch, loss in enumerate(made.epochs(split.x_train, y, training, seed), 1):
        history.append([round(loss, 5), score(made)])
        say(f"epoch {epoch} of {training.epochs}: loss {loss:.4f}, score {history[-1][1]:.4f}")
    return made, history


def _accuracy(split: data.Split):
    return lambda made: float((made.predict(split.x_test) == split.y_test).mean())


def _scratch(experiment, run, seed, folder, say) -> dict:
    split = data.whole_split(data.load(experiment, folder))
    net = experiment.build(split.x_train.shape[1:], len(split.classes), seed)
    _, history = _train(experiment, run, net, split, seed, split.y_train, _accuracy(split), say)
    return {"scores": {"accuracy": history[-1][1]}, "history": history}


def _anomaly(experiment, run, seed, folder, say) -> dict:
    normal = experiment.anomaly.normal
    split = data.normal_split(data.load(experiment, folder), normal)
    faults = [int(label) for label in np.unique(split.y_test) if label != normal]
    net = experiment.build(split.x_train.shape[1:], len(split.classes), seed)

    def score_classes(made) -> dict[str, float]:
        losses = made.losses(split.x_test)
        of_normal = losses[split.y_test == normal]
        return {
            f"AUC {split.classes[label]}": area_under_curve(
                of_normal, losses[split.y_test == label]
            )
            for label in faults
        }

    made, history = _train(
        experiment,
        run,
        net,
        split,
        seed,
        None,
        lambda made: min(score_classes(made).values()),
        say,
    )
    return {"scores": score_classes(made), "history": history}


def area_under_curve(normal: np.ndarray, abnormal: np.ndarray) -> float:
    """How often an abnormal sample's score is above a normal one's; ties count half (the area
    under the ROC curve)."""
    order = np.sort(normal)
    below = np.searchsorted(order, abnormal, "left")
    up_to = np.searchsorted(order, abnormal, "right")
    return float((below + up_to).sum() / (2 * len(normal) * len(abnormal)))


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
    path = _pretrained_path(kept, left_out, seed)
    if path.exists():
        return
    arrays = data.load(experiment, folder)
    if left_out is None:
        split = data.whole_split(arrays)
    else:
        split = data.others_split(arrays, experiment.transfer.group, left_out)
    net = experiment.build(split.x_train.shape[1:], len(split.classes), seed)
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
    net = experiment.build(arrays["x_train"].shape[1:], len(arrays["classes"]), seed)
    net.load(_pretrained_path(kept, _left_out(experiment, arrays, member), seed))
    return net


def _pretrained_path(kept: Path, left_out: int | None, seed: int) -> Path:
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
            split.y_train,
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
