"""How far an experiment's jobs are: lines on standard error with those done, those running, and
the time left."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable


class Progress:
    """Counts jobs. name: what the lines begin with. slots: how many jobs can run at a time."""

    def __init__(
        self,
        name: str,
        jobs: int,
        slots: Callable[[], int],
        clock: Callable[[], float] = time.monotonic,
    ):
        self.name, self.jobs, self.slots, self.clock = name, jobs, slots, clock
        self.started = clock()
        self.done = self.failed = 0

    def start(self) -> None:
        """Says how many jobs there are, if there are any."""
        if self.jobs:
            self._say()

    def finish(self, job: str, error: BaseException | None) -> None:
        """One job less; of one that failed, says why."""
        self.done += 1
        if error is not None:
            self.failed += 1
            print(f"{job}: failed: {error}", file=sys.stderr, flush=True)
        self._say()

    def line(self) -> str:
        left = self.jobs - self.done
        failed = f" ({self.failed} failed)" if self.failed else ""
        text = f"{self.name}: {self.done} of {self.jobs} jobs done{failed}"
        if not left:
            return text
        text += f", {min(left, self.slots())} running"
        if self.done:
            seconds = (self.clock() - self.started) / self.done * left
            text += f", about {duration(seconds)} left"
        return text

    def _say(self) -> None:
        print(self.line(), file=sys.stderr, flush=True)


def duration(seconds: float) -> str:
    """40 s, 12 min, 3 h 5 min."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
