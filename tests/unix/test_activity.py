"""The example activity: what it learns, and what is left after 100 power cuts."""

import random
import subprocess
import time

import numpy as np
import pytest
from activity import check_watched, example_files, right
from ports import SCRIPTS

from fqt.samples.recordings import read_recording

pytestmark = pytest.mark.slow
CUTS = 100


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return example_files(tmp_path_factory.mktemp("made"))


@pytest.fixture
def port(unix_port, files):
    (unix_port.folder / "asyncio").mkdir()
    for name, data in files.items():
        unix_port.put(name, data)
    return unix_port


def test_it_learns_its_wearer_and_other_tasks_wait_for_one_step(port):
    check_watched(port.run(SCRIPTS / "activity_watched.py"))


def test_power_cuts_at_random_moments(port):
    moments = random.Random(1)
    command = [port.micropython, "main.py"]
    there = 0
    went_on = 0

    def recordings():
        found = [port.folder / name for name in ("train.fqd", "test.fqd")]
        return [read_recording(path) for path in found if path.exists() and path.stat().st_size]

    for _ in range(CUTS):
        process = subprocess.Popen(
            command,
            cwd=port.folder,
            env=port.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        time.sleep(moments.uniform(0, 0.15))
        process.kill()
        said = process.communicate()[0]
        assert "Traceback" not in said, said
        went_on += "goes on" in said
        whole = sum(len(recording.x) for recording in recordings())
        assert whole >= there
        there = whole
    assert went_on > 10  # cuts fell while it trained, too
    result = subprocess.run(
        command, cwd=port.folder, env=port.environment, capture_output=True, text=True
    )
    assert result.stdout.startswith("goes on") and right("after", result.stdout) > 0.85
    train, test = recordings()
    assert len(train.x) + len(test.x) + train.damaged + test.damaged == 240
    assert train.damaged + test.damaged <= CUTS / 4
    windows = read_recording(port.folder / "wearer.fqd").x.reshape(240, -1)
    numbers = [np.flatnonzero((windows == x.ravel()).all(axis=1))[0] for x in train.x]
    assert numbers == sorted(set(numbers))  # each once, in its order
