"""The example vibration: what it learns, tells, and still knows when it starts again."""

import re

import pytest
from vibration import EXAMPLE, check_watched, example_files


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return example_files(tmp_path_factory.mktemp("made"))


def test_it_learns_what_is_normal_and_still_knows_it_when_it_starts_again(unix_port, files):
    for name, data in files.items():
        unix_port.put(name, data)
    first = unix_port.run(EXAMPLE / "main.py")
    check_watched(first)
    readme = (EXAMPLE / "README.md").read_text()
    assert [line for line in first.splitlines() if f"    {line}\n" not in readme] == []
    again = unix_port.run(EXAMPLE / "main.py")
    assert again.startswith("knows what is normal\n")
    check_watched(again)
    assert re.search(r"above .* is unusual", again)[0] in first


def test_power_that_fails_before_the_threshold_is_kept_begins_anew(unix_port, files):
    for name, data in files.items():
        unix_port.put(name, data)
    unix_port.run(EXAMPLE / "main.py")
    (unix_port.folder / "normal.thr").unlink()
    check_watched(unix_port.run(EXAMPLE / "main.py"))
