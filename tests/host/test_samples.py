"""Samples in files: recordings, tables, sounds, pictures, and the command that shows and splits
them."""

import wave

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fqt.cli import main
from fqt.samples.recordings import TYPES, Recording, read_recording, recording_bytes
from fqt.samples.sources import read_samples


def some(code="h", targets=0, count=6, shape=(1, 4, 2), seed=1):
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 100, (count, *shape)).astype(TYPES[code])
    return x, rng.normal(size=(count, targets)) if targets else rng.integers(0, 3, count)


@pytest.mark.parametrize("code", TYPES)
@pytest.mark.parametrize("targets", [0, 2])
def test_what_is_written_is_read(code, targets, tmp_path):
    x, y = some(code, targets)
    path = tmp_path / "a.fqd"
    path.write_bytes(recording_bytes(x, y))
    back = read_recording(path)
    assert back.x.dtype == x.dtype and back.damaged == 0
    np.testing.assert_array_equal(back.x, x)
    np.testing.assert_allclose(back.y, y, rtol=1e-6)


@given(st.integers(0, 10_000), st.integers(1, 255), st.integers(0, 200))
def test_damage_and_cuts_cost_their_records_alone(tmp_path_factory, place, change, cut):
    x, y = some()
    data = bytearray(recording_bytes(x, y))
    size = (len(data) - 20) // len(x)
    place = 20 + place % (len(data) - 20)
    data[place] ^= change
    kept = bytes(data[: max(len(data) - cut, 20)])
    path = tmp_path_factory.mktemp("cut") / "a.fqd"
    path.write_bytes(kept)
    whole = [i for i in range((len(kept) - 20) // size) if i != (place - 20) // size]
    np.testing.assert_array_equal(read_recording(path).x, x[whole])


def test_the_older_half_comes_first(tmp_path):
    x, y = some()
    (tmp_path / "a.fqd.old").write_bytes(recording_bytes(x[:4], y[:4]))
    (tmp_path / "a.fqd").write_bytes(recording_bytes(x[4:], y[4:]))
    np.testing.assert_array_equal(read_recording(tmp_path / "a.fqd").x, x)


@pytest.mark.parametrize(
    "data, message",
    [
        (b"PK\3\4", "no recording of fqt"),
        (b"FQD\x1a\1h", "its header is damaged"),
        (recording_bytes(*some())[:19] + b"\0", "its header is damaged"),
    ],
)
def test_other_files_are_refused(data, message, tmp_path):
    (tmp_path / "a.fqd").write_bytes(data)
    with pytest.raises(ValueError, match=message):
        read_recording(tmp_path / "a.fqd")


@pytest.mark.parametrize(
    "x, y, message",
    [
        (np.zeros((2, 1, 1, 1), np.int64), [0, 1], "not int64"),
        (np.zeros((2, 3), np.uint8), [0, 1], "height"),
        (np.zeros((2, 1, 1, 1), np.uint8), [0], "2 samples and 1 labels"),
        (np.zeros((2, 1, 1, 1), np.uint8), [0, 256], "0 to 255"),
    ],
)
def test_what_a_recording_cannot_hold_is_refused(x, y, message):
    with pytest.raises(ValueError, match=message):
        recording_bytes(x, np.array(y))


def test_a_table_becomes_a_recording_and_its_parts(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = [f"{i},{-i},{'walk' if i % 2 else 'run'}" for i in range(20)]
    (tmp_path / "walk.csv").write_text("a,b,activity\n" + "\n".join(lines) + "\n")
    assert main(["data", "walk.csv", "-o", "all.fqd"]) == 0
    assert capsys.readouterr().out == (
        "20 samples 1x2x1 int8, -19 to 19\n  label 0 (run): 10\n  label 1 (walk): 10\n"
    )
    assert main(["data", "all.fqd", "--split", "0.3", "-o", "rest.npz", "--test", "test.fqd"]) == 0
    rest, test = read_samples("rest.npz"), read_samples("test.fqd")
    assert np.bincount(rest.y).tolist() == [7, 7] and np.bincount(test.y).tolist() == [3, 3]
    assert sorted(np.concatenate([rest.x, test.x])[:, 0, 0, 0]) == list(range(20))
    assert main(["data", "rest.npz", "test.fqd", "-o", "both.fqd"]) == 0
    assert isinstance(read_recording("both.fqd"), Recording)
    assert len(read_recording("both.fqd").x) == 20


def test_sounds_in_folders_become_windows(tmp_path):
    for label in ("hum", "knock"):
        (tmp_path / label).mkdir()
        with wave.open(str(tmp_path / label / "a.wav"), "wb") as file:
            file.setnchannels(2)
            file.setsampwidth(2)
            file.setframerate(8000)
            file.writeframes(np.arange(50, dtype="<i2").tobytes())
    samples = read_samples(str(tmp_path), window=10)
    assert samples.x.shape == (4, 1, 10, 2) and samples.labels == ("hum", "knock")
    assert samples.y.tolist() == [0, 0, 1, 1] and samples.x[1, 0, 0, 0] == 20


@pytest.mark.parametrize(
    "name, content, message",
    [
        (
            "a.csv",
            b"1,2\n3\n",
            "a.csv, line 2: 1 columns, line 1 has 2: each line has the same numbers",
        ),
        ("a.csv", b"1,x,0\n", "a.csv, line 1: 'x' is no number"),
        ("a.npz", b"nothing", "a.npz"),
        ("a.npz", b"PK\3\4" + bytes(60), "a.npz is not a NumPy archive"),
        ("a.txt", b"", ".fqd, .npz and .csv files are read"),
        ("a.fqd", b"nothing", "no recording of fqt"),
    ],
)
def test_a_file_that_is_none_gets_one_line(name, content, message, tmp_path, capsys):
    (tmp_path / name).write_bytes(content)
    assert main(["data", str(tmp_path / name)]) == 1
    said = capsys.readouterr().err
    assert message in said and said.count("\n") == 1


def test_a_split_without_its_files_changes_nothing(tmp_path, capsys):
    (tmp_path / "a.fqd").write_bytes(recording_bytes(*some()))
    assert main(["data", str(tmp_path / "a.fqd"), "--split", "0.5"]) == 1
    assert "--test FILE" in capsys.readouterr().err
