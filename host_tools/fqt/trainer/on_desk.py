"""The places `core` and `reference`: this process."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from fqt import reference
from fqt.reference.fixed import shuffle
from fqt.run import core
from fqt.trainer import loop
from fqt.trainer.job import Job, State, loop_job

MODELS = {"core": core.Model, "reference": reference.Network}


class Learner:
    """What loop.train asks of a place, for a model on the host."""

    def __init__(
        self,
        net: core.Model | reference.Network,
        job: Job,
        told: Callable[[State], None],
        is_stopped: Callable[[], bool],
    ):
        self.net, self.told, self.is_stopped = net, told, is_stopped
        self.end_batch = net.end_batch
        self.x, self.y = job.x, job.y
        if isinstance(net, core.Model):
            self.x = net.quantize_inputs(job.x)
        self.checkpoint: bytes | None = None
        self.last = time.monotonic()

    @staticmethod
    def shuffle(order, seed: int) -> None:
        shuffle(np.frombuffer(order, np.uint16), seed)

    def train(self, order, start: int, end: int, rate: float) -> float:
        if isinstance(self.net, core.Model):
            return float(self.net.train_many(self.x, self.y, order[start:end], rate).sum())
        return sum(
            self.net.train(self.x[i], None if self.y is None else self.y[i], rate)
            for i in order[start:end]
        )

    def save(self) -> None:
        self.checkpoint = self.net.to_bytes(checkpoint=True)

    def elapsed(self) -> float:
        now = time.monotonic()
        took, self.last = now - self.last, now
        return 1000 * took

    def tell(self, epoch: int, position: int, loss: float, is_saved: bool) -> None:
        self.told(State(epoch, position, loss, self.checkpoint if is_saved else None))


class Desk:
    """The core, or the reference, as a place."""

    def __init__(self, name: str):
        self.name = name

    def _model(self, job: Job):
        return MODELS[self.name](job.model, job.master, job.batch, job.options)

    def train(
        self,
        job: Job,
        state: State,
        told: Callable[[State], None],
        is_stopped: Callable[[], bool],
    ) -> None:
        """Train to the end, or to where is_stopped says so. told: how far it is, with a
        checkpoint where one was made."""
        net = self._model(job)
        if state.checkpoint:
            net.restore(state.checkpoint)
        loop.train(Learner(net, job, told, is_stopped), loop_job(job, state, job.rates()))

    def outputs(self, job: Job, gives: str) -> tuple[list, float]:
        """What the model gives for each sample (`gives`: class, numbers or loss), and the
        milliseconds a sample that it took."""
        net = self._model(job)
        began = time.monotonic()
        if gives == "class":
            found = [net.predict(x) for x in job.x]
        elif gives == "numbers":
            found = [net.scores(x) for x in job.x]
        else:
            targets = [None] * len(job.x) if job.y is None else job.y
            found = [net.loss_for(x, y) for x, y in zip(job.x, targets, strict=True)]
        return found, 1000 * (time.monotonic() - began) / len(job.x)

    def times(self, job: Job) -> list[tuple[float, float]]:
        net, rate = self._model(job), job.rates()[0]
        trains = any(layer.trainable for layer in job.model.layers)
        found = []
        for i, x in enumerate(job.x):
            target = None if job.y is None else job.y[i]
            began = time.perf_counter()
            net.predict(x)
            between = time.perf_counter()
            if trains:
                net.train(x, target, rate)
            found.append((1000 * (between - began), 1000 * (time.perf_counter() - between)))
        return found
