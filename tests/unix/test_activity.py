"""The example activity: what it learns, and what is left after 100 power cuts."""

import random
import re
import subprocess
import time

import numpy as np
import pytest
from activity import check_watched, example_files, right
from ports import SCRIPTS

from fqt.samples.recordings import Recording, read_recording

pytestmark = pytest.mark.slow
CUTS = 100
RECORDING_CUTS = 40  # the first
WAITS = "", "begins|goes on", "epoch 1:"


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


def start(port) -> subprocess.Popen:
    return subprocess.Popen(
        [port.micropython, "main.py"],
        cwd=port.folder,
        env=port.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def recordings(port) -> list[Recording]:
    found = [port.folder / name for name in ("train.fqd", "test.fqd")]
    return [read_recording(path) for path in found if path.exists() and path.stat().st_size]


def test_power_cuts_at_random_moments(port):
    moments = random.Random(1)
    there = 0
    went_on = 0
    for i in range(CUTS):
        process = start(port)
        # So long after it starts, after it begins to record, or after the first epoch, that on a
        # busy machine too there are cuts in all that it does.
        said = ""
        wait_for = WAITS[i % (2 if i < RECORDING_CUTS else 3)]
        while not re.search(wait_for, said):
            said += process.stdout.readline() or pytest.fail(said)
        time.sleep(moments.uniform(0, 0.1))
        process.kill()
        said += process.communicate()[0]
        assert "Traceback" not in said, said
        went_on += "goes on" in said
        whole = sum(len(recording.x) for recording in recordings(port))
        assert whole >= there
        there = whole
    assert went_on > 10  # cuts fell while it trained, too
    said = start(port).communicate()[0]
    assert said.startswith("goes on") and right("after", said) > 0.85, said
    train, test = recordings(port)
    assert len(train.x) + len(test.x) + train.damaged + test.damaged == 240
    assert train.damaged + test.damaged <= CUTS / 4
    windows = read_recording(port.folder / "wearer.fqd").x.reshape(240, -1)
    numbers = [np.flatnonzero((windows == x.ravel()).all(axis=1))[0] for x in train.x]
    assert numbers == sorted(set(numbers))  # each once, in its order
