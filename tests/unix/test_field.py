"""Replay and thresholds on the unix port, and that the host chooses the same samples."""

import numpy as np
import pytest
from field import check_replay, check_thresholds
from training import DATA_MODULE

from fqt.samples.replay import replay_choice


def test_replay(unix_port, small_model):
    check_replay(unix_port, small_model)


def test_thresholds(unix_port):
    check_thresholds(unix_port)


def test_what_is_kept_is_uniform_within_a_class():
    # Of 60 samples of a class 10 are kept, with each of 100 seeds: chi-squared of how often each
    # was, which has 59 degrees of freedom.
    x = np.arange(90, dtype=np.uint8).reshape(90, 1, 1, 1)
    y = np.repeat([0, 1], [60, 30])
    counts = sum(
        np.bincount(replay_choice(x, y, 20, seed), minlength=90) for seed in range(1, 101)
    )
    expected = 100 * 10 / 60
    variance = expected * (1 - 10 / 60)
    assert ((counts[:60] - expected) ** 2 / variance).sum() * 60 / 59 < 100
    assert counts[60:].sum() == counts[:60].sum() == 1000


def test_the_host_refuses_what_a_device_does():
    x = np.zeros((3, 1, 1, 1), np.uint8)
    with pytest.raises(ValueError, match="2 samples are too few for one more class"):
        replay_choice(x, np.arange(3), 2)


def test_a_module_that_is_not_there_is_named(unix_port):
    # One of that name that lacks its own modules looks the same to import.
    unix_port.put("fqt_field.py", b"raise ImportError")
    unix_port.put("fqt_data.py", DATA_MODULE.read_bytes())
    code = "import fqt\nfqt.Recorder\ntry:\n    fqt.Replay\nexcept RuntimeError as error:\n"
    assert "fqt.Replay is in fqt_field.mpy, which is not" in unix_port.run_code(
        code + "    print(error)"
    )
