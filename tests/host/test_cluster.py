"""Experiments on many hosts: a Dask cluster whose workers die or differ, shards without one, and
what progress says. Results are those of this machine's processes, byte for byte."""

import json
import os
import signal
import sys
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest
import threadpoolctl
from experiment_files import people

from fqt import cli
from fqt.experiment import executors, keys, read_experiment, run, run_shard
from fqt.experiment.progress import Progress, duration

TOML = """
seeds = [1, 2]
[data]
file = "d.npz"
[network]
layers = [{ kind = "dense", units = 16, activation = "relu" }, { kind = "dense", units = 2 }]
[training]
epochs = 3
[[runs]]
name = "float32"
arithmetic = "float32"
[[runs]]
name = "int8"
arithmetic = "int8"
[transfer]
group = "person"
held_out = [1]
pretraining = { epochs = 10 }
"""


@pytest.fixture
def folder(tmp_path):
    np.savez(tmp_path / "d.npz", **people(400, 8, 1))
    (tmp_path / "a.toml").write_text(TOML)
    return tmp_path


@pytest.fixture(scope="module")
def cluster():
    """Three worker processes of their own."""
    distributed = pytest.importorskip("distributed", reason="dask.distributed is not installed")
    with distributed.LocalCluster(
        n_workers=3, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0"
    ) as workers:
        yield workers


def kept_files(kept) -> dict[str, bytes]:
    """All that an experiment kept, without how long it took."""
    files = {}
    for path in sorted(kept.rglob("*")):
        if path.suffix == ".json":
            result = json.loads(path.read_text())
            del result["seconds"]
            files[path.name] = json.dumps(result).encode()
        elif path.is_file():
            files[path.name] = path.read_bytes()
    return files


def kill_a_worker_at_work(cluster, killed: list[int]) -> None:
    """Kill the first worker that trains."""
    from distributed import Client

    with Client(cluster) as client:
        pids = client.run(os.getpid)
        while not killed:
            for worker, jobs in client.processing().items():
                if worker in pids and any("_on_worker" in job for job in jobs):
                    os.kill(pids[worker], signal.SIGKILL)
                    killed.append(pids[worker])
                    break
            time.sleep(0.01)


def test_a_cluster_keeps_the_same_bytes_though_a_worker_dies(folder, cluster):
    experiment = read_experiment(folder / "a.toml")
    run(experiment, folder, folder / "pool", jobs=1)
    killed: list[int] = []
    killer = threading.Thread(target=kill_a_worker_at_work, args=(cluster, killed), daemon=True)
    killer.start()
    run(experiment, folder, folder / "cluster", on=cluster.scheduler_address)
    killer.join(timeout=30)
    assert len(killed) == 1
    files = kept_files(folder / "cluster")
    assert len(files) == 2 * 2 + 2
    assert files == kept_files(folder / "pool")


def test_a_job_that_fails_is_told_when_the_others_are_kept(folder, cluster, monkeypatch, capsys):
    text = TOML.split("[transfer]")[0].replace("seeds = [1, 2]", "seeds = [1]")
    (folder / "a.toml").write_text(text)
    experiment = read_experiment(folder / "a.toml")
    monkeypatch.setattr("fqt.experiment.runner._job", fail_in_float32)
    for kept, on in (("pool", None), ("cluster", cluster.scheduler_address)):
        with pytest.raises(ValueError, match="no float32 today"):
            run(experiment, folder, folder / kept, jobs=None if on else 1, on=on)
        assert [path.read_bytes() for path in (folder / kept / "a").iterdir()] == [b"{}"]
        said = capsys.readouterr().err
        assert "a, float32, seed 1: failed: no float32 today" in said
        assert "a: 2 of 2 jobs done (1 failed)" in said


def fail_in_float32(folder, networks, experiment, one, seed, of_data) -> bytes:
    if one.arithmetic == "float32":
        raise ValueError("no float32 today")
    return b"{}"


def test_shards_make_what_the_whole_makes(folder, capsys):
    arguments = ["experiment", str(folder / "a.toml"), "--data", str(folder), "--jobs", "1"]
    arguments += ["--seeds", "1:2", "--output"]
    for shard in ("1/3", "2/3", "3/3"):
        assert cli.main([*arguments, str(folder / "shards"), "--shard", shard]) == 0
    shards = kept_files(folder / "shards")
    assert len(shards) == 2 * 2 + 2
    said = capsys.readouterr().out
    assert "a: 2 results of this shard" in said and "a: 1 results of this shard" in said
    assert cli.main([*arguments, str(folder / "shards")]) == 0
    out, err = capsys.readouterr()
    assert "| a | int8 | gain" in out and "jobs done" not in err  # all of it was there
    assert cli.main([*arguments, str(folder / "whole")]) == 0
    assert kept_files(folder / "whole") == shards
    experiment = read_experiment(folder / "a.toml")
    assert run_shard(experiment, folder, folder / "shards", 1, shard=(9, 9)) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--seeds", "5:1"], "FIRST:LAST, as 1:10, not '5:1'"),
        (["--shard", "4/3"], "K/N with K from 1 to N, as 3/10, not '4/3'"),
        (["--shard", "0/3"], "not '0/3'"),
        (["--jobs", "2", "--on", "tcp://127.0.0.1:1"], "not allowed with argument --jobs"),
    ],
)
def test_mistakes_in_arguments_are_named(arguments, message, capsys):
    with pytest.raises(SystemExit):
        cli.main(["experiment", "a.toml", *arguments])
    assert message in capsys.readouterr().err


def test_a_shard_has_no_table(folder, capsys):
    arguments = ["experiment", str(folder / "a.toml"), "--data", str(folder), "--shard", "1/2"]
    assert cli.main([*arguments, "--plot", "--output", str(folder / "kept")]) == 1
    assert "--plot and --cycles go with the call without it" in capsys.readouterr().err


def test_workers_with_other_code_are_refused(cluster, monkeypatch):
    here = {**keys.parts_of_code(), "numpy": "0.1"}
    monkeypatch.setattr(executors, "parts_of_code", Elsewhere(here))
    message = rf"worker tcp://.* has another numpy \({np.__version__}, here 0.1\): its results"
    with pytest.raises(RuntimeError, match=message):
        executors.Cluster(cluster.scheduler_address)


class Elsewhere:
    """parts_of_code as this host has it; on a worker, the worker's own."""

    def __init__(self, here: dict[str, str]):
        self.here = here

    def __call__(self) -> dict[str, str]:
        return self.here

    def __reduce__(self):
        return getattr, (keys, "parts_of_code")


def test_a_job_on_a_worker_has_one_thread(tmp_path, monkeypatch):
    """Of those of libraries that were loaded before it came, whatever the worker has."""
    distributed = pytest.importorskip("distributed", reason="dask.distributed is not installed")
    worker = SimpleNamespace(address="tcp://here", local_directory=tmp_path)
    monkeypatch.setattr(distributed, "get_worker", lambda: worker)

    def threads() -> set[int]:
        return {library["num_threads"] for library in threadpoolctl.threadpool_info()}

    with threadpoolctl.threadpool_limits(2):
        assert threads() == {2}
        assert executors._on_worker(keys.parts_of_code(), [], [], threads) == {1}
        assert threads() == {2}


def test_files_that_lead_out_of_the_folder_do_not_travel(folder, cluster):
    with executors.Cluster(cluster.scheduler_address) as hosts:
        for name in ("../d.npz", "/etc/hostname"):
            with pytest.raises(ValueError, match="is not within"):
                hosts.share(folder, [name])


def test_without_dask_it_is_said_what_to_install(folder, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "distributed", None)
    arguments = ["experiment", str(folder / "a.toml"), "--data", str(folder)]
    arguments += ["--output", str(folder / "kept"), "--on", "tcp://127.0.0.1:8786"]
    assert cli.main(arguments) == 1
    assert "pip install 'fqt-host[cluster]'" in capsys.readouterr().err


def test_progress_says_what_is_done_what_runs_and_what_is_left():
    now = [0.0]
    progress = Progress("a", 5, lambda: 2, lambda: now[0])
    assert progress.line() == "a: 0 of 5 jobs done, 2 running"
    now[0] = 120
    progress.finish("first", None)
    assert progress.line() == "a: 1 of 5 jobs done, 2 running, about 8 min left"
    for _ in range(3):
        progress.finish("other", ValueError("why"))
    assert progress.line() == "a: 4 of 5 jobs done (3 failed), 1 running, about 30 s left"
    progress.finish("last", None)
    assert progress.line() == "a: 5 of 5 jobs done (3 failed)"
    assert [duration(seconds) for seconds in (59, 3599, 11100)] == [
        "59 s",
        "1 h 0 min",
        "3 h 5 min",
    ]
