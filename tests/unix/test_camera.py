"""The example camera: it learns its objects as its README says, and its frames are those that its
host script makes."""

import importlib.util
import re
import sys

import numpy as np
import pytest
from camera import EXAMPLE, example_files, share_right

from fqt.samples.recordings import read_recording


@pytest.fixture
def port(unix_port):
    for name, data in example_files(160).items():
        unix_port.put(name, data)
    return unix_port


def test_it_learns_as_its_readme_says(port):
    printed = port.run(EXAMPLE / "main.py")
    assert share_right(printed) > 0.8  # of four objects
    readme = (EXAMPLE / "README.md").read_text()
    assert [line for line in printed.splitlines() if f"    {line}\n" not in readme] == []


@pytest.mark.slow
def test_frames_and_names_are_those_that_its_script_makes(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(EXAMPLE), *sys.path])
    spec = importlib.util.spec_from_file_location("prepare", EXAMPLE / "prepare.py")
    prepare = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(prepare)
    recorded = read_recording(EXAMPLE / "frames.fqd")
    x, y = prepare.objects(np.random.default_rng(3), prepare.LEARN + prepare.TEST)
    assert (y == recorded.y).all()
    # Photographs are decoded, and floats rounded, otherwise elsewhere.
    assert np.abs(x.astype(int) - recorded.x).mean() < 1


def test_main_says_how_many_frames_prepare_makes():
    main, prepare = ((EXAMPLE / name).read_text() for name in ("main.py", "prepare.py"))
    shown, tested = map(int, re.search(r"LEARN, TEST, EPOCHS = (\d+), (\d+)", main).groups())
    of_each = map(int, re.search(r"LEARN, TEST = (\d+), (\d+)", prepare).groups())
    assert [4 * count for count in of_each] == [shown, tested]
