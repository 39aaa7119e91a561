"""A training run in any place: what it tells, keeps and leaves."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from fqt.file.model_file import ModelFile
from fqt.inputs import DivergenceError
from fqt.trainer import kept
from fqt.trainer.job import Job, State
from fqt.trainer.kept import Epoch
from fqt.trainer.score import Score, score_in_core, trained


class Place(Protocol):
    """Where a model runs: Desk in on_desk.py, Device in on_device.py."""

    name: str

    def train(
        self,
        job: Job,
        state: State,
        told: Callable[[State], None],
        is_stopped: Callable[[], bool],
    ) -> None:
        """Train from a state to the end, or to where is_stopped says so. told: how far it is,
        with a checkpoint where one was made, in the end always. Raises OSError when the place
        fails, DivergenceError."""

    def outputs(self, job: Job, gives: str) -> tuple[list, float]:
        """What the model gives for each sample (class, numbers or loss), and the milliseconds
        that one took."""

    def times(self, job: Job) -> list[tuple[float, float]]:
        """The milliseconds of a prediction and of a training step, of each sample; 0 for steps
        where nothing trains."""


class Watcher(Protocol):
    """Who follows a run (display.py)."""

    def begins(self, job: Job, state: State, before: Score | None) -> None: ...

    def is_at(self, state: State) -> None:
        """Some of an epoch is done."""

    def has_ended(self, epoch: Epoch) -> None:
        """An epoch is done."""


@dataclass
class Result:
    """model: the trained one. before, after: scores of the test samples, None without. seconds:
    of this part of the run; is_whole: it was not stopped."""

    model: ModelFile
    is_whole: bool
    seconds: float
    before: Score | None
    after: Score | None
    epochs: list[Epoch] = field(default_factory=list)


class Interruption:
    """Ctrl-C as a question: the first one asks the run to end where it can, another raises
    KeyboardInterrupt."""

    def __init__(self) -> None:
        self.has_come = False

    def __call__(self, *_) -> None:
        if self.has_come:
            raise KeyboardInterrupt
        self.has_come = True


def train(
    job: Job,
    place: Place,
    output: Path,
    test: Job | None,
    watcher: Watcher,
    is_stopped: Callable[[], bool],
    resumes: bool = False,
) -> Result:
    """Train, and write the model to `output`, also when it is stopped; then, and when the place
    fails, a run with `resumes` goes on and gives the bytes of one that never stopped.

    test: the model with other samples, whose score is told after each epoch. Raises OSError,
    ValueError and DivergenceError; what was learnt until the last checkpoint is kept, of a run
    that diverged in `output`.
    """
    if resumes:
        state, epochs = kept.take_up(output, job)
    elif kept.path_of(output).exists():
        raise ValueError(
            f"{kept.path_of(output)} is of a run that did not end: --resume goes on with it, "
            "remove it to begin anew"
        )
    else:
        state, epochs = State(), []
    rates = job.rates()
    before = score_in_core(test) if test else None
    watcher.begins(job, state, before)
    last, after = state, before
    began = time.monotonic()

    def told(now: State) -> None:
        nonlocal last, after
        watcher.is_at(now)
        ends = now.position == len(job.x)
        if ends:
            if test and now.checkpoint:
                after = score_in_core(test, now.checkpoint)
            score = after.value if test and after and now.checkpoint else None
            lr, loss = rates[now.epoch], now.loss / len(job.x)
            epochs.append(Epoch(now.epoch + 1, lr, loss, score))
        if now.checkpoint:
            last = now
            kept.keep(output, job, now, epochs)
        if ends:
            watcher.has_ended(epochs[-1])

    try:
        place.train(job, state, told, is_stopped)
    except OSError as error:
        if last.checkpoint is None:
            raise
        raise OSError(f"{error}; --resume goes on behind {_place_in_run(last)}") from error
    except DivergenceError as error:
        if last.checkpoint is None:
            raise
        _write(output, job, last)
        kept.path_of(output).unlink(missing_ok=True)
        raise DivergenceError(f"{error}; {output} is as of {_place_in_run(last)}") from error
    model = _write(output, job, last)
    is_whole = last.epoch + 1 == job.epochs and last.position == len(job.x)
    if is_whole:
        kept.path_of(output).unlink(missing_ok=True)
    if test and last.checkpoint:
        after = score_in_core(test, last.checkpoint)
    return Result(model, is_whole, time.monotonic() - began, before, after, epochs)


def _place_in_run(state: State) -> str:
    return f"epoch {state.epoch + 1}, sample {state.position}"


def _write(output: Path, job: Job, state: State) -> ModelFile:
    model = trained(job.model, job.master, state.checkpoint) if state.checkpoint else job.model
    model.write(output)
    return model
