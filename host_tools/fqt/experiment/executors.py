"""Where an experiment's jobs run: in processes of this machine, or on the workers of a Dask
cluster.

A job is a function that takes folders first and returns all that it makes; it writes to no folder
that another job reads. Workers share no disk with this host: the files of a folder travel to each
worker once, by what is in them.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from fqt.experiment.keys import DIGITS, parts_of_code
from fqt.files import write_bytes

ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


class Processes:
    """Processes of this machine, `count` at a time. Jobs find folders where they are. A process
    that dies costs its job alone, which runs again in a new one, once: RuntimeError when that dies
    too."""

    def __init__(self, count: int):
        for variable in ONE_THREAD:  # a network this small is slower on two
            os.environ[variable] = "1"
        self.count = count
        self.threads = ThreadPoolExecutor(count)  # each has a process
        self.own = threading.local()
        self.processes: list[ProcessPoolExecutor] = []

    def slots(self) -> int:
        """How many jobs can run at a time."""
        return self.count

    def share(self, folder: Path, names: Iterable[str]) -> Path:
        """What submit takes for a folder of which a job reads these files."""
        return folder

    def submit(self, job: Callable, folders: list[Any], *arguments) -> Future:
        """job(*folders, *arguments). folders: what share returned for each."""
        return self.threads.submit(self._run, job, *folders, *arguments)

    def _run(self, job: Callable, *arguments):
        for _ in range(2):
            try:
                return self._process().submit(job, *arguments).result()
            except BrokenProcessPool:
                self.own.process = None
        raise RuntimeError("its process died twice: was it killed, or is there too little memory?")

    def _process(self) -> ProcessPoolExecutor:
        """This thread's, new when it has none."""
        process = getattr(self.own, "process", None)
        if process is None:
            context = multiprocessing.get_context("spawn")
            self.own.process = process = ProcessPoolExecutor(1, mp_context=context)
            self.processes.append(process)
        return process

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, kind, error, traceback) -> None:
        self.threads.shutdown(cancel_futures=error is not None)
        for process in self.processes:
            process.shutdown()


@dataclass(frozen=True)
class Travelling:
    """A folder's files on the cluster: a name that changes with what is in them, and the future of
    {name: bytes}."""

    key: str
    files: Any


class Cluster:
    """The workers of a Dask cluster. A job whose worker dies runs again on another; workers may
    come and go. address: of its scheduler, tcp://HOST:PORT. Raises RuntimeError without
    dask.distributed, without workers, and when a worker's code is not this host's; OSError when
    the scheduler does not answer."""

    def __init__(self, address: str):
        try:
            from distributed import Client
        except ImportError:
            raise RuntimeError(
                "--on needs dask.distributed: pip install 'fqt-host[cluster]'"
            ) from None
        self.client = Client(address)
        try:
            _check_workers(address, self.client.run(parts_of_code))
        except BaseException:
            self.client.close()
            raise
        self.executor = self.client.get_executor(pure=False)

    def slots(self) -> int:
        return sum(self.client.nthreads().values())

    def share(self, folder: Path, names: Iterable[str]) -> Travelling:
        """Raises OSError, and ValueError for a name that leads out of the folder."""
        files = {}
        digest = hashlib.sha256()
        for name in sorted(names):
            if PurePath(name).is_absolute() or ".." in PurePath(name).parts:
                raise ValueError(f"{name} is not within {folder}: --on takes no such file")
            files[name] = (folder / name).read_bytes()
            digest.update(f"{name}\n{hashlib.sha256(files[name]).hexdigest()}\n".encode())
        key = "fqt-" + digest.hexdigest()[:DIGITS]
        # To all workers, so that the files are still there when one of them dies.
        return Travelling(key, self.client.scatter({key: files}, broadcast=True)[key])

    def submit(self, job: Callable, folders: list[Any], *arguments) -> Future:
        keys = [folder.key for folder in folders]
        files = [folder.files for folder in folders]
        return self.executor.submit(_on_worker, parts_of_code(), keys, files, job, *arguments)

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, kind, error, traceback) -> None:
        self.executor.shutdown(wait=False)
        self.client.close()
        if error is not None and kind.__module__.startswith("distributed"):
            raise RuntimeError(f"the cluster: {error}") from error


def _check_workers(address: str, found: dict[str, dict[str, str]]) -> None:
    """found: parts_of_code of each worker."""
    if not found:
        raise RuntimeError(f"{address} has no workers: start some with `dask worker {address}`")
    for worker, parts in found.items():
        _check_code(worker, parts, parts_of_code())


def _check_code(worker: str, has: dict[str, str], wanted: dict[str, str]) -> None:
    differing = [
        f"{part} ({has.get(part)}, here {value})"
        for part, value in wanted.items()
        if has.get(part) != value
    ]
    if differing:
        raise RuntimeError(
            f"worker {worker} has another {', another '.join(differing)}: its results would "
            "not be this host's; install and build the same there"
        )


_unpacking = threading.Lock()  # a worker may run jobs in several threads


def _on_worker(wanted: dict[str, str], keys: list[str], files: list[dict], job, *arguments):
    """Run a job on a worker, which may have come after the others were checked."""
    from distributed import get_worker
    from threadpoolctl import threadpool_limits

    worker = get_worker()
    _check_code(worker.address, parts_of_code(), wanted)
    place = Path(worker.local_directory)
    with _unpacking:
        folders = [_unpack(place / key, one) for key, one in zip(keys, files, strict=True)]
    with threadpool_limits(1):  # numpy is there already, and read the environment
        return job(*folders, *arguments)


def _unpack(folder: Path, files: dict[str, bytes]) -> Path:
    """The folder that has these files, written unless they are there."""
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        path = folder / name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_bytes(path, content)
    return folder
