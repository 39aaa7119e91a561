"""Running an experiment: its jobs (a run with a seed) on all cores or on a cluster, each result
kept as soon as it is there, so that a killed experiment goes on where it was."""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import Future, as_completed
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from fqt.arguments import whole_number
from fqt.experiment.configuration import Experiment, Run
from fqt.experiment.data import digest, load, outputs_of
from fqt.experiment.executors import Cluster, Processes
from fqt.experiment.keys import digest_of, digest_of_code
from fqt.experiment.progress import Progress
from fqt.experiment.tasks import (
    Report,
    load_pretrained,
    needed_pretraining,
    pretrain,
    pretrained_path,
    run_task,
)
from fqt.files import write_bytes
from fqt.train.class_weights import check_class_weights
from fqt.train.sequential import Sequential, trainable_names


def run(
    experiment: Experiment,
    folder: Path,
    kept: Path,
    jobs: int | None = None,
    on: str | None = None,
) -> dict:
    """Run what is not there yet; give all results.

    folder: of the data. kept: where results go and are looked for. jobs: processes at a time, all
    cores when None. on: the address of a Dask scheduler, whose workers run the jobs instead.
    Returns {"name", "runs": [{"name", "results": {seed: result}}]}. Raises OSError and ValueError
    when the data do not fit, and of the first job that fails when all others are done; what these
    gave is kept.
    """
    run_shard(experiment, folder, kept, jobs, on)
    results: dict[str, Any] = {"name": experiment.name, "runs": []}
    paths_of_all = list(_jobs(experiment, folder, kept / experiment.name))
    for one in experiment.runs:
        paths = {seed: path for other, seed, path in paths_of_all if other is one}
        results["runs"].append(
            {
                "name": one.name,
                "at_most": one.at_most,
                "against": one.against or experiment.runs[0].name,
                "results": {seed: _read_result(path) for seed, path in paths.items()},
            }
        )
    return results


def run_shard(
    experiment: Experiment,
    folder: Path,
    kept: Path,
    jobs: int | None = None,
    on: str | None = None,
    shard: tuple[int, int] = (1, 1),
) -> int:
    """Run a part of the jobs, as run does; return how many results this part has.

    shard: (k, n) takes every n-th job from the k-th on. A transfer's networks are pretrained in
    each part that needs them, unless they are kept already.
    """
    count = os.cpu_count() or 1 if jobs is None else whole_number("jobs", jobs, 1)
    _check(experiment, folder)
    kept = kept / experiment.name
    kept.mkdir(parents=True, exist_ok=True)
    first, step = shard
    mine = list(_jobs(experiment, folder, kept))[first - 1 :: step]
    place: Cluster | Processes = Cluster(on) if on else Processes(count)
    with place as executor:
        name = experiment.data.file
        data = executor.share(folder, [name] if name else [])
        of_data = digest(experiment, folder)
        networks = dict.fromkeys(experiment.seeds, data)  # which only a transfer reads
        if experiment.transfer:
            seeds = dict.fromkeys(seed for _, seed, _ in mine)
            networks = _pretrain(executor, experiment, folder, kept, data, of_data, seeds)
        submitted = {
            executor.submit(_job, [data, networks[seed]], experiment, one, seed, of_data): (
                _title(experiment, one, seed),
                path,
            )
            for one, seed, path in mine
            if not path.exists()
        }
        _keep(submitted, Progress(experiment.name, len(submitted), executor.slots))
    return len(mine)


def _pretrain(executor, experiment, folder: Path, kept: Path, data, of_data: str, seeds) -> dict:
    """Pretrain what is not there yet; give what executor.submit takes for each seed's networks."""
    place = _networks(experiment, folder, kept)
    members = needed_pretraining(experiment, folder)
    submitted = {}
    for seed in seeds:
        for member in members:
            path = pretrained_path(place, member, seed)
            if not path.exists():
                job = executor.submit(_pretrain_job, [data], experiment, member, seed, of_data)
                submitted[job] = _title_of_pretraining(experiment, member, seed), path
    _keep(submitted, Progress(f"{experiment.name}, pretraining", len(submitted), executor.slots))
    return {
        seed: executor.share(place, [pretrained_path(place, m, seed).name for m in members])
        for seed in seeds
    }


def _keep(submitted: dict[Future, tuple[str, Path]], progress: Progress) -> None:
    """Write what each job returns to its path as soon as it is there. Raises the error of the
    first that fails when all others are done."""
    errors: list[Exception] = []
    progress.start()
    for future in as_completed(submitted):
        title, path = submitted[future]
        error = future.exception()
        if isinstance(error, Exception):
            errors.append(error)
        else:
            write_bytes(path, future.result())
        progress.finish(title, error)
    if errors:
        raise errors[0]


def _check(experiment: Experiment, folder: Path) -> None:
    """Raises what the data, the network or the names of its layers in a run would raise later,
    before anything runs."""
    arrays = load(experiment, folder)
    outputs = outputs_of(experiment, arrays)
    net = experiment.build(arrays["x_train"].shape[1:], outputs, 1)
    if net.loss == "mean_squared_error" and net.outputs != outputs:
        raise ValueError(f"[network] has {net.outputs} outputs, the data have {outputs}")
    for one in experiment.runs:
        check_class_weights(experiment.training_of(one).class_weights, outputs)
        for names in (one.train, one.reset):
            try:
                trainable_names(net, names)
            except ValueError as error:
                raise ValueError(f"run {one.name!r}: {error}") from None


def _read_result(path: Path) -> dict:
    """A kept result. Raises ValueError that names the file when it is damaged."""
    try:
        return json.loads(path.read_text())
    except ValueError:
        raise ValueError(f"{path} is no result: delete it, and run the experiment again") from None


def _jobs(experiment: Experiment, folder: Path, kept: Path) -> Iterator[tuple[Run, int, Path]]:
    """Each run with each seed, and where its result is kept: a name that changes with all that the
    result depends on, the data and the code too."""
    for one in experiment.runs:
        unnamed = replace(one, name="", at_most=None, against="")
        alone = replace(experiment, runs=(unnamed,), seeds=(0,))
        digest = _digest(experiment, folder, asdict(alone))
        for seed in experiment.seeds:
            yield one, seed, kept / f"{digest}-{seed}.json"


def _digest(experiment: Experiment, folder: Path, value) -> str:
    """A name for plain data, together with the experiment's data and the code."""
    return digest_of([value, digest(experiment, folder), digest_of_code()])


def _networks(experiment: Experiment, folder: Path, kept: Path) -> Path:
    """Where the pretrained networks of an experiment are."""
    alone = {key: asdict(experiment)[key] for key in ("data", "network", "loss", "transfer")}
    path = kept / f"pretrained-{_digest(experiment, folder, alone)}"
    path.mkdir(exist_ok=True)
    return path


def pretrained_network(experiment: Experiment, folder: Path, kept: Path) -> Sequential:
    """The first of the pretrained networks of an experiment that has run."""
    assert experiment.transfer
    member, seed = experiment.transfer.held_out[0], experiment.seeds[0]
    networks = _networks(experiment, folder, kept / experiment.name)
    return load_pretrained(experiment, member, seed, folder, networks)


def _say(prefix: str) -> Report:
    def say(line: str) -> None:
        parent = multiprocessing.parent_process()
        if parent is not None and not parent.is_alive():
            os._exit(1)  # the experiment was killed: its next run starts this job again
        print(f"{prefix}: {line}", file=sys.stderr, flush=True)

    return say


def _title(experiment: Experiment, one: Run, seed: int) -> str:
    return f"{experiment.name}, {one.name}, seed {seed}"


def _title_of_pretraining(experiment: Experiment, left_out: int | None, seed: int) -> str:
    assert experiment.transfer
    return f"{experiment.name}, without {experiment.transfer.group} {left_out}, seed {seed}"


def _check_data(experiment: Experiment, folder: Path, of_data: str) -> None:
    """Raises ValueError when a job sees other data than those that its result is kept for."""
    if digest(experiment, folder) != of_data:
        where = f"scikit-learn's {experiment.data.sklearn}" if experiment.data.sklearn else folder
        raise ValueError(
            f"the data of {where} are not those that the experiment began with: they changed, or "
            "a worker has another version of scikit-learn"
        )


def _pretrain_job(
    folder: Path, experiment: Experiment, left_out: int | None, seed: int, of_data: str
) -> bytes:
    """A pretrained network's file."""
    _check_data(experiment, folder, of_data)
    say = _say(_title_of_pretraining(experiment, left_out, seed))
    with tempfile.TemporaryDirectory() as place:
        pretrain(experiment, left_out, seed, folder, Path(place), say)
        return pretrained_path(Path(place), left_out, seed).read_bytes()


def _job(
    folder: Path, networks: Path, experiment: Experiment, one: Run, seed: int, of_data: str
) -> bytes:
    """A result's file."""
    _check_data(experiment, folder, of_data)
    say = _say(_title(experiment, one, seed))
    return json.dumps(run_task(experiment, one, seed, folder, networks, say)).encode()
