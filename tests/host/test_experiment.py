"""Experiments: the file's checks, the runs, what is kept, on data made here."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from experiment_files import FLOAT32, INT8, MIXED

from fqt import cli
from fqt.experiment import plot, read_experiment, run, summary, table
from fqt.experiment.scores import area_under_curve

EXPERIMENT = """
seeds = [1, 2]

[data]
file = "blobs.npz"

[network]
layers = [
    { kind = "conv2d", units = 4, kernel = 3, stride = 2, activation = "relu" },
    { kind = "dense", units = 8, activation = "relu" },
    { kind = "dense", units = 3 },
]

[training]
epochs = 3
learning_rate = 0.02
"""
EXPERIMENT += FLOAT32 + INT8 + "at_most = 10.0\n" + MIXED
TRANSFER = """
[transfer]
group = "person"
held_out = [1]
samples_per_class = 5
pretraining = { epochs = 2, learning_rate = 0.02 }
"""
ANOMALY = """
seeds = [1]

[data]
file = "blobs.npz"
input = "normalized"

[network]
loss = "mean_squared_error"
layers = [{ kind = "dense", units = 8 }, { kind = "dense", units = 36 }]

[training]
epochs = 5

[[runs]]
name = "float32"
arithmetic = "float32"

[[runs]]
name = "int8"
arithmetic = "int8"

[anomaly]
normal = 0
"""


@pytest.fixture
def folder(tmp_path) -> Path:
    """Three kinds of blobs on 6x6 images, by four people."""
    rng = np.random.default_rng(1)
    count = 180
    y = rng.integers(0, 3, count)
    x = rng.integers(0, 60, (count, 6, 6, 1))
    for label, place in enumerate((0, 2, 4)):
        x[y == label, place : place + 2] += 150
    x = x.astype(np.uint8)
    person = np.arange(count) % 4
    np.savez(
        tmp_path / "blobs.npz",
        x_train=x[:120],
        y_train=y[:120],
        person_train=person[:120],
        x_test=x[120:],
        y_test=y[120:],
        person_test=person[120:],
        classes=np.array(["top", "middle", "bottom"]),
    )
    return tmp_path


def written(folder: Path, text: str):
    path = folder / "blobs.toml"
    path.write_text(text)
    return path


def test_every_arithmetic_learns_and_is_compared(folder):
    experiment = read_experiment(written(folder, EXPERIMENT))
    results = run(experiment, folder, folder / "kept")
    rows = summary(results)
    assert [row["run"] for row in rows] == ["float32", "int8", "mixed"]
    assert all(row["mean"] > 90 for row in rows), table(rows)
    assert not rows[1]["exceeds"] and rows[1]["seeds"] == 2
    assert "| blobs | int8 | accuracy |" in table(rows)
    plot(results, folder / "blobs.png")
    assert (folder / "blobs.png").read_bytes().startswith(b"\x89PNG")


def test_what_was_run_is_kept_and_only_the_rest_is_run(folder):
    path = written(folder, EXPERIMENT)
    first = run(read_experiment(path), folder, folder / "kept")
    files = sorted((folder / "kept" / "blobs").iterdir())
    stamps = [file.stat().st_mtime_ns for file in files]
    files[0].unlink()
    again = run(read_experiment(path), folder, folder / "kept")
    assert [file.stat().st_mtime_ns for file in files[1:]] == stamps[1:]
    for old, new in zip(first["runs"], again["runs"], strict=True):
        for seed in old["results"]:
            assert old["results"][seed]["scores"] == new["results"][seed]["scores"]
    written(folder, EXPERIMENT.replace("epochs = 3", "epochs = 2"))
    run(read_experiment(path), folder, folder / "kept")
    assert len(list((folder / "kept" / "blobs").iterdir())) == 2 * len(files)


def test_a_transfer_starts_from_what_the_others_taught(folder):
    text = EXPERIMENT.split('[[runs]]\nname = "mixed"')[0] + TRANSFER
    results = run(read_experiment(written(folder, text)), folder, folder / "kept")
    for one in results["runs"]:
        for result in one["results"].values():
            assert result["after"] - result["before"] == pytest.approx(result["scores"]["gain"])
            assert result["before"] > 0.5
    rates = results["runs"][1]["results"][1]["update_rates"]
    assert sum(rates) == rates[-1] == 3 * 15


def test_an_autoencoder_tells_what_it_was_not_trained_on(folder):
    results = run(read_experiment(written(folder, ANOMALY)), folder, folder / "kept")
    for one in results["runs"]:
        scores = one["results"][1]["scores"]
        assert set(scores) == {"AUC middle", "AUC bottom", "R2"}
        assert min(scores["AUC middle"], scores["AUC bottom"]) > 0.9


def test_area_under_curve_counts_ties_half():
    assert area_under_curve(np.array([1, 2]), np.array([3, 4])) == 1
    assert area_under_curve(np.array([1, 2]), np.array([1, 2])) == 0.5
    assert area_under_curve(np.array([3.0]), np.array([1.0])) == 0


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("epochs = 3", "epoch = 3", r"\[training\] knows epochs, learning_rate, schedule"),
        ("epochs = 3", "epochs = 0", "epochs must be at least 1"),
        ('kind = "conv2d", units = 4', 'kind = "conv3d", units = 4', "layer 1: kind is one of"),
        ("units = 8,", "unit = 8,", r"layer 2 \(dense\)"),
        ("master = 16", "master = 10", "master is 8, 12 or 16"),
        ('arithmetic = "mixed"', 'arithmetic = "int4"', "arithmetic is one of"),
        ("seeds = [1, 2]", "seeds = []", "needs a seed"),
        ('name = "mixed"', 'name = "int8"', "same name"),
        ("[training]", "[training", "line"),
        ('file = "blobs.npz"', 'file = "other.npz"', "other.npz is missing"),
    ],
)
def test_mistakes_are_named(folder, capsys, old, new, message):
    assert old in EXPERIMENT
    path = written(folder, EXPERIMENT.replace(old, new))
    arguments = ["experiment", str(path), "--data", str(folder), "--output", str(folder / "kept")]
    assert cli.main(arguments) == 1
    assert re.search(message, capsys.readouterr().err)


def test_the_command_prints_the_table_and_writes_json(folder, capsys):
    path = written(folder, EXPERIMENT.replace("seeds = [1, 2]", "seeds = [1]"))
    output = folder / "all.json"
    arguments = ["--data", str(folder), "--output", str(folder / "kept"), "--json", str(output)]
    assert cli.main(["experiment", str(path), *arguments]) == 0
    assert "| blobs | float32 |" in capsys.readouterr().out
    assert len(json.loads(output.read_text())["rows"]) == 3
