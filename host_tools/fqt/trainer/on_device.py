"""Places where MicroPython runs: the unix port on this machine, emulated boards, real ones."""

from __future__ import annotations

import contextlib
import json
import subprocess
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path

from fqt.desk.micropython import MicroPython, find_micropython
from fqt.inputs import DivergenceError
from fqt.trainer.exchange import Exchange
from fqt.trainer.job import Job, State
from fqt.version import __version__


class Device(ABC):
    """MicroPython as a place (Desk in on_desk.py is one too)."""

    name: str

    @abstractmethod
    def lines(self, exchange: Exchange) -> Iterator[str]:
        """Run the exchange's script in its folder; give each line that it prints. Raises OSError
        when it fails."""

    def train(
        self,
        job: Job,
        state: State,
        told: Callable[[State], None],
        is_stopped: Callable[[], bool],
    ) -> None:
        with _exchange(job, state) as exchange:
            if is_stopped():
                exchange.stop()
            for what, value in self._told(exchange):
                if is_stopped():
                    exchange.stop()
                if what == "progress":
                    epoch, position, loss, saved = value
                    told(State(epoch, position, loss, exchange.take(saved)))

    def outputs(self, job: Job, gives: str) -> tuple[list, float]:
        found: list = []
        spent = 0
        with _exchange(job, State(), gives) as exchange:
            for what, value in self._told(exchange):
                if what == "outputs":
                    found += value[0]
                    spent += value[1]
        return found, spent / 1000 / len(job.x)

    def times(self, job: Job) -> list[tuple[float, float]]:
        with _exchange(job, State(), "times") as exchange:
            told = [value for what, value in self._told(exchange) if what == "times"]
        return [(predict / 1000, step / 1000) for predict, step in told]

    def _told(self, exchange: Exchange) -> Iterator[tuple[str, list]]:
        """What the script tells, until it is done. Raises OSError with its last line when it
        ends before, DivergenceError when training diverged."""
        last = ""
        for line in self.lines(exchange):
            word, _, rest = line.strip().partition(" ")
            if word != "fqt":
                last = line.strip() or last
                continue
            what, _, value = rest.partition(" ")
            if what == "done":
                return
            if what == "ready":
                self._check_version(json.loads(value)[0])
            yield what, json.loads(value)
        if "diverged" in last or "is silent" in last:
            raise DivergenceError(last.removeprefix("RuntimeError: "))
        raise OSError(f"{self.name}: {last or 'it ended without a word'}")

    def _check_version(self, version: str) -> None:
        if version != __version__:
            raise OSError(
                f"{self.name} has fqt {version}, here is {__version__}: `fqt install` puts the "
                "module of this version onto a board"
            )


@contextlib.contextmanager
def _exchange(job: Job, state: State, gives: str = "") -> Iterator[Exchange]:
    with tempfile.TemporaryDirectory(prefix="fqt_") as folder:
        exchange = Exchange(Path(folder))
        exchange.write(job, state, gives)
        yield exchange


class UnixPort(Device):
    """MicroPython as a program on this machine."""

    name = "unix"

    def __init__(self, micropython: MicroPython):
        self.micropython = micropython

    def lines(self, exchange: Exchange) -> Iterator[str]:
        process = subprocess.Popen(
            [*self.micropython.command, exchange.script.name],
            cwd=exchange.folder,
            env=self.micropython.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,  # Ctrl-C is for the host, which asks it to stop
        )
        assert process.stdout
        try:
            yield from process.stdout
        finally:
            process.kill()
            process.wait()
            process.stdout.close()


def unix_port(named: str | None = None) -> UnixPort:
    """MicroPython on this machine. Raises OSError or ValueError when there is none that can load
    the module."""
    micropython, said = find_micropython(named)
    if micropython is None:
        raise OSError(said)
    return UnixPort(micropython)
