"""Running an experiment: its jobs (a run with a seed) on all cores, each result kept as soon as it
is there, so that a killed experiment goes on where it was."""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from fqt.arguments import whole_number
from fqt.experiment.configuration import Experiment, Run
from fqt.experiment.data import digest, load, outputs_of
from fqt.experiment.keys import digest_of, digest_of_code
from fqt.experiment.tasks import (
    Report,
    load_pretrained,
    needed_pretraining,
    pretrain,
    run_task,
)
from fqt.files import write_whole
from fqt.train.class_weights import check_class_weights
from fqt.train.sequential import Sequential, trainable_names

ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def run(experiment: Experiment, folder: Path, kept: Path, jobs: int | None = None) -> dict:
    """Run what is not there yet; give all results.

    folder: of the data. kept: where results go and are looked for. jobs: processes at a time, all
    cores when None. Returns {"name", "runs": [{"name", "results": {seed: result}}]}. Raises
    OSError and ValueError when the data do not fit, and of the first job that fails; what the
    others gave is kept.
    """
    jobs = os.cpu_count() if jobs is None else whole_number("jobs", jobs, 1)
    _check(experiment, folder)
    kept = kept / experiment.name
    kept.mkdir(parents=True, exist_ok=True)
    for variable in ONE_THREAD:  # a network this small is slower on two
        os.environ[variable] = "1"
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context) as pool:
        try:
            if experiment.transfer:
                networks = _networks(experiment, folder, kept)
                _wait(
                    [
                        pool.submit(_pretrain_job, experiment, member, seed, folder, networks)
                        for seed in experiment.seeds
                        for member in needed_pretraining(experiment, folder)
                    ]
                )
            _wait(
                [
                    pool.submit(_job, experiment, run, seed, folder, kept, path)
                    for run, seed, path in _jobs(experiment, folder, kept)
                    if not path.exists()
                ]
            )
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    results: dict[str, Any] = {"name": experiment.name, "runs": []}
    paths_of_all = list(_jobs(experiment, folder, kept))
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


def _wait(futures: list) -> None:
    for future in as_completed(futures):
        future.result()


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


def _pretrain_job(experiment, left_out, seed, folder, networks) -> None:
    say = _say(f"{experiment.name}, without {experiment.transfer.group} {left_out}, seed {seed}")
    pretrain(experiment, left_out, seed, folder, networks, say)


def _job(
    experiment: Experiment, one: Run, seed: int, folder: Path, kept: Path, path: Path
) -> None:
    networks = _networks(experiment, folder, kept) if experiment.transfer else kept
    say = _say(f"{experiment.name}, {one.name}, seed {seed}")
    result = run_task(experiment, one, seed, folder, networks, say)
    write_whole(path, lambda file: file.write(json.dumps(result).encode()))
