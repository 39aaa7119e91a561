"""Experiments that showed the results of other data, wrote beside their folder, or found mistakes
in their file only when they had trained for an hour."""

import os
import shutil

import numpy as np
import pytest
from experiment_files import check_refused, people

from fqt import cli
from fqt.experiment import keys, read_experiment, run
from fqt.experiment.runner import _jobs, _networks

TOML = """
seeds = [1]
[data]
file = "d.npz"
[network]
layers = [{ kind = "dense", units = 4, activation = "relu" }, { kind = "dense", units = 2 }]
[training]
epochs = 1
[[runs]]
name = "float32"
arithmetic = "float32"
"""
TRANSFER = """
[transfer]
group = "person"
held_out = [1]
pretraining = { epochs = 1 }
"""


def archive(folder, seed=0, **changes):
    folder.mkdir(exist_ok=True)
    arrays = {**people(40, 4, seed), **changes}
    arrays = {name: array for name, array in arrays.items() if array is not None}
    np.savez(folder / "d.npz", **arrays)
    return arrays


@pytest.fixture
def experiment(tmp_path):
    (tmp_path / "a.toml").write_text(TOML + TRANSFER)
    return read_experiment(tmp_path / "a.toml")


def places(experiment, folder, kept):
    """Where all that an experiment keeps lies."""
    names = [path.name for _, _, path in _jobs(experiment, folder, kept)]
    return [*names, _networks(experiment, folder, kept).name]


def test_what_is_kept_belongs_to_the_data(experiment, tmp_path):
    """Results of monday's data had been shown for tuesday's archive of the same name."""
    for seed, day in enumerate(("monday", "tuesday", "wednesday")):
        archive(tmp_path / day, seed % 2)
    os.utime(tmp_path / "wednesday" / "d.npz", (1, 1))
    monday, tuesday, wednesday = (
        places(experiment, tmp_path / day, tmp_path) for day in ("monday", "tuesday", "wednesday")
    )
    assert not set(monday) & set(tuesday)
    assert monday == wednesday
    with pytest.raises(OSError, match="nowhere"):
        run(experiment, tmp_path / "nowhere", tmp_path / "kept")


def test_what_is_kept_belongs_to_the_code(experiment, tmp_path, monkeypatch):
    archive(tmp_path / "data")
    before = places(experiment, tmp_path / "data", tmp_path)
    keys.parts_of_code.cache_clear()
    assert places(experiment, tmp_path / "data", tmp_path) == before
    (tmp_path / "libfqt_core.so").write_bytes(b"another core")
    monkeypatch.setenv("FQT_CORE_LIB", str(tmp_path / "libfqt_core.so"))
    keys.parts_of_code.cache_clear()
    try:
        after = places(experiment, tmp_path / "data", tmp_path)
    finally:
        keys.parts_of_code.cache_clear()
    assert not set(before) & set(after)


def test_code_that_only_shows_results_makes_no_other_results(tmp_path, monkeypatch):
    """A changed table had sent every experiment through its hours of training again."""
    package = tmp_path / "fqt"
    shutil.copytree(keys.PACKAGE, package)
    monkeypatch.setattr(keys, "PACKAGE", package)
    before = keys.parts_of_code.__wrapped__()
    for name in ("experiment/report.py", "experiment/statistics.py", "cli.py"):
        (package / name).write_text("# another table")
    assert keys.parts_of_code.__wrapped__() == before
    (package / "experiment/scores.py").write_text("# another score")
    assert keys.parts_of_code.__wrapped__() != before


def test_a_damaged_result_is_named(tmp_path):
    archive(tmp_path)
    (tmp_path / "a.toml").write_text(TOML)
    experiment = read_experiment(tmp_path / "a.toml")
    (tmp_path / "kept" / "a").mkdir(parents=True)
    ((_, _, path),) = _jobs(experiment, tmp_path, tmp_path / "kept" / "a")
    path.write_text('{"scores": ')
    with pytest.raises(ValueError, match=r"-1\.json is no result: delete it"):
        run(experiment, tmp_path, tmp_path / "kept", jobs=1)


@pytest.mark.parametrize("name", ["../x", "/tmp/x", "a/b", "a\\\\b", "..", ".", "", "x" * 200])
def test_a_name_does_not_lead_out_of_the_output_folder(name, tmp_path):
    (tmp_path / "a.toml").write_text(f'name = "{name}"\n' + TOML)
    with pytest.raises(ValueError, match="name is that of a folder of results"):
        read_experiment(tmp_path / "a.toml")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("epochs = 1", 'epochs = "3"', r"\[training\] epochs is a whole number, not '3'"),
        ("epochs = 1", "epochs = 1.5", r"\[training\] epochs is a whole number, not 1.5"),
        ("epochs = 1", "epochs = true", "epochs is a whole number, not True"),
        ("epochs = 1", 'epochs = 1\nlearning_rate = "0.1"', "learning_rate must be a finite"),
        ("epochs = 1", "epochs = 1\nschedule = 3", "schedule is a text, not 3"),
        ("epochs = 1", "epoch = 1", r"\[training\] knows epochs"),
        ("seeds = [1]", "seeds = 1", "seeds is a list, not 1"),
        ("seeds = [1]", "seeds = [1.5]", "seeds is a whole number, not 1.5"),
        ("seeds = [1]", "seeds = [1, 1]", "seeds differ"),
        ("seeds = [1]", "seeds = [-1]", "0 or more"),
        ("seeds = [1]", "seed = [1]", r"\[the file\] knows .*seeds.*, not seed"),
        ("[[runs]]", "[runs]", r"\[\[runs\]\] is a list of tables"),
        ("[data]", "[samples]", r"\[the file\] knows .*, not samples|\[data\]"),
        ('file = "d.npz"', "file = 3", r"\[data\] file is a text, not 3"),
        ('file = "d.npz"', 'file = "d.npz"\nshape = [4, 4]', "shape is .height, width, channels"),
        ('file = "d.npz"', 'file = "d.npz"\nshape = 4', r"\[data\] shape is a list, not 4"),
        ('layers = [{ kind = "dense", ', "layers = [5, { ", "layers is a list of tables"),
        ('kind = "dense", units = 4', 'kind = "dense", unit = 4', r"layer 1 \(dense\): .*unit"),
        (
            'kind = "dense", units = 4',
            'kind = "dense", units = "4"',
            r"layer 1 \(dense\): a dense",
        ),
        ('kind = "dense", units = 4', "kind = 3, units = 4", "kind is one of"),
        ('"relu"', '"softmax"', "includes softmax"),
        ('arithmetic = "float32"', 'arithmetic = "int8"\nmaster = "8"', "master is a whole"),
        ('arithmetic = "float32"', 'arithmetic = "int8"\nupdate_rate = 2', "update_rate is"),
        ('arithmetic = "float32"', 'arithmetic = "int8"\nupdate_rate = [1]', "a list of 2"),
        ('arithmetic = "float32"', 'arithmetic = "int8"\nstandardize = 1', "true or false"),
        ('arithmetic = "float32"', 'arithmetic = "float32"\ntraining = { epoch = 2 }', "knows"),
        ('arithmetic = "float32"', 'arithmetic = "float32"\ntraining = 5', "is a table, not 5"),
        ("[[runs]]", "[anomaly]\nnormal = 'a'\n[[runs]]", "normal is a whole number"),
        ("[[runs]]", "[transfer]\n[[runs]]", "pretraining"),
        ("[[runs]]", "transfer = 3\n[[runs]]", "transfer"),
    ],
)
def test_mistakes_in_the_file_are_found_when_it_is_read(old, new, message, tmp_path):
    check_refused(tmp_path / "a.toml", TOML, old, new, message)


def test_one_number_is_both_update_rates(tmp_path):
    text = TOML.replace('arithmetic = "float32"', 'arithmetic = "int8"\nupdate_rate = 0.5')
    (tmp_path / "a.toml").write_text(text)
    assert read_experiment(tmp_path / "a.toml").runs[0].update_rate == (0.5, 0.5)


def images(shape, dtype=np.uint8):
    return np.random.default_rng(1).integers(0, 255, shape).astype(dtype)


@pytest.mark.parametrize(
    ("changes", "shape", "message"),
    [
        ({"x_train": images((40, 3, 4, 5))}, "[4, 5, 3]", "channels come last"),
        ({"x_train": images((40, 16))}, "", r"shape = \[height, width, channels\] brings"),
        ({"x_test": images((40, 5, 5, 1))}, "", "x_test are .*16 elements, not 25"),
        ({"x_train": images((40, 4, 4, 1), float)}, "", "needs uint8, not float64"),
        ({"x_train": np.full((40, 4, 4, 1), "a")}, "", "x_train must be real numbers"),
        ({"x_train": images((0, 4, 4, 1))}, "", "x_train has no samples"),
        ({"y_train": np.zeros(39, int)}, "", "y_train: 40 samples need as many integer labels"),
        ({"y_test": np.full(40, 2)}, "", "y_test: labels must be 0 to 1, not 2"),
        ({"y_test": np.zeros(40)}, "", "y_test: 40 samples need as many integer labels"),
        ({"person_train": np.zeros(9, int)}, "", "person_train: 40 samples need"),
        ({"person_test": None}, "", "has no person_test"),
        ({"classes": np.array([None, None])}, "", "not a NumPy archive that can be read"),
    ],
)
def test_data_that_do_not_fit_are_refused_before_anything_runs(changes, shape, message, tmp_path):
    archive(tmp_path, **changes)
    text = TOML.replace('"d.npz"', f'"d.npz"\nshape = {shape}') if shape else TOML
    (tmp_path / "a.toml").write_text(text + TRANSFER)
    with pytest.raises(ValueError, match=message):
        run(read_experiment(tmp_path / "a.toml"), tmp_path, tmp_path / "kept")
    assert not (tmp_path / "kept").exists()


def test_a_gap_in_the_data_is_named(tmp_path):
    x = images((40, 4, 4, 1), float)
    x[7, 0, 2, 0] = np.nan
    archive(tmp_path, x_train=x)
    text = TOML.replace('"d.npz"', '"d.npz"\ninput = "normalized"')
    (tmp_path / "a.toml").write_text(text)
    with pytest.raises(ValueError, match=r"x_train: sample 7: element 2 at \(0, 2, 0\)"):
        run(read_experiment(tmp_path / "a.toml"), tmp_path, tmp_path / "kept")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('train = "last:9"', "run 'float32': train='last:9': the network has 2 layers"),
        ('reset = "dense_7"', "run 'float32': train: no layer 'dense_7'"),
    ],
)
def test_layers_that_no_network_has_are_found_before_anything_trains(line, message, tmp_path):
    archive(tmp_path)
    text = TOML.replace('arithmetic = "float32"', f'arithmetic = "float32"\n{line}')
    (tmp_path / "a.toml").write_text(text)
    with pytest.raises(ValueError, match=message):
        run(read_experiment(tmp_path / "a.toml"), tmp_path, tmp_path / "kept")
    assert not (tmp_path / "kept").exists()


def test_a_damaged_archive_is_said(tmp_path, capsys):
    (tmp_path / "a.toml").write_text(TOML)
    archive(tmp_path)
    whole = (tmp_path / "d.npz").read_bytes()
    for data in (b"", whole[: len(whole) // 2], b"text"):
        (tmp_path / "d.npz").write_bytes(data)
        arguments = ["experiment", str(tmp_path / "a.toml"), "--data", str(tmp_path)]
        assert cli.main([*arguments, "--output", str(tmp_path / "kept")]) == 1
        assert "d.npz is not a NumPy archive that can be read" in capsys.readouterr().err


def test_the_command_says_what_its_options_need(tmp_path, capsys):
    archive(tmp_path)
    (tmp_path / "a.toml").write_text(TOML)
    path = str(tmp_path / "a.toml")
    common = ["--data", str(tmp_path), "--output", str(tmp_path / "kept")]
    for arguments, message in (
        ([path, "--cycles", "m4"], "--cycles counts what partial updates of a .transfer. cost"),
        ([path, path], "two experiments have the same name"),
        ([path, "--jobs", "0"], "jobs must be a whole number, at least 1"),
    ):
        assert cli.main(["experiment", *arguments, *common]) == 1
        assert message.replace(".transfer.", "[transfer]") in capsys.readouterr().err
    assert not (tmp_path / "kept").exists()
