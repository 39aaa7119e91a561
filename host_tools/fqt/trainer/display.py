"""A run as lines in a terminal: one that is alive, and one for each epoch that is done."""

from __future__ import annotations

import sys
import time
from typing import TextIO

from fqt.trainer.job import Job, State
from fqt.trainer.kept import Epoch
from fqt.trainer.score import Score, score_text

BAR = 24  # characters


class Display:
    """A Watcher. Where the stream is no terminal, lines of epochs alone."""

    def __init__(self, place: str, stream: TextIO = sys.stdout):
        self.place, self.stream = place, stream
        self.is_alive = stream.isatty()
        self.width = 0

    def begins(self, job: Job, state: State, before: Score | None) -> None:
        self.job, self.score_name = job, before.name if before else ""
        self.first = state.epoch * len(job.x) + state.position
        self.began = time.monotonic()
        self._line(
            f"{job.model.name}: {len(job.x)} samples, {job.epochs} epochs, on {self.place}"
            + (f"; before: {before}" if before else "")
        )

    def is_at(self, state: State) -> None:
        if not self.is_alive:
            return
        samples = len(self.job.x)
        done = state.epoch * samples + state.position
        seconds = max(time.monotonic() - self.began, 1e-3)
        speed = (done - self.first) / seconds
        left = (samples * self.job.epochs - done) / speed if speed else 0
        full = BAR * state.position // samples
        text = (
            f"epoch {state.epoch + 1}/{self.job.epochs} "
            f"[{'#' * full}{'.' * (BAR - full)}] loss {state.loss / max(state.position, 1):.4f}  "
            f"{speed:.0f} steps/s  {duration(left)} left"
        )
        self.stream.write("\r" + text.ljust(self.width))
        self.stream.flush()
        self.width = len(text)

    def has_ended(self, epoch: Epoch) -> None:
        score = "" if epoch.score is None else f"  {score_text(self.score_name, epoch.score)}"
        self._line(f"epoch {epoch.epoch}: loss {epoch.loss:.4f}  lr {epoch.lr:.5f}{score}")

    def _line(self, text: str) -> None:
        start = "\r" if self.width else ""
        self.stream.write(start + text.ljust(self.width) + "\n")
        self.stream.flush()
        self.width = 0


def duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
