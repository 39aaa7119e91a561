"""An experiment's jobs in processes of this machine, some of which die."""

import os
from pathlib import Path

import pytest

from fqt.experiment.executors import Processes


def double(folder: Path, number: int) -> int:
    """A job; its process dies the first time when `folder` has no file of its number, always when
    it is negative."""
    mark = folder / str(number)
    if number % 3 == 0 and not mark.exists():
        mark.touch()
        os._exit(1)
    if number < 0:
        os._exit(1)
    return 2 * number


def test_a_process_that_dies_costs_its_job_alone(tmp_path):
    with Processes(2) as executor:
        folder = executor.share(tmp_path, [])
        jobs = {number: executor.submit(double, [folder], number) for number in (1, 3, -1, 4, 6)}
        for number in (1, 3, 4, 6):
            assert jobs[number].result(60) == 2 * number
        with pytest.raises(RuntimeError, match="its process died twice"):
            jobs[-1].result(60)
    assert {path.name for path in tmp_path.iterdir()} == {"3", "6"}
