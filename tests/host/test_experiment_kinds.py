"""Experiments whose score is R2, data of scikit-learn's own, and the keys of all of these."""

import re
import sys
from pathlib import Path

import accuracy_table
import numpy as np
import pytest
from experiment_files import FLOAT32, INT8

from fqt import cli
from fqt.experiment import read_experiment, run, summary
from fqt.experiment.data import load, outputs_of
from fqt.experiment.runner import _jobs
from fqt.experiment.scores import determination
from fqt.experiment.sklearn_data import sklearn_arrays

EXAMPLES = Path(__file__).resolve().parents[2] / "examples/experiments"
REGRESSION = """
seeds = [1]

[data]
file = "sums.npz"
input = "normalized"

[network]
loss = "mean_squared_error"
layers = [{ kind = "dense", units = 8, activation = "relu" }, { kind = "dense", units = 2 }]

[regression]
targets = "raw"
scale = 0.5

[training]
epochs = 8
learning_rate = 0.02
"""
REGRESSION += FLOAT32 + INT8
REGRESSION += """
[[runs]]
name = "int8, elsewhere"
arithmetic = "int8"
master = 16
regression = { targets = "standardized", offset = 3.0 }

[[runs]]
name = "int8, in units of its own"
arithmetic = "int8"
master = 16
regression = { scale = 1000.0, offset = -5000.0, standardize_data = true }
"""
RECONSTRUCTION = """
seeds = [1]

[data]
file = "waves.npz"
input = "normalized"
window = 16

[network]
loss = "mean_squared_error"
layers = [{ kind = "dense", units = 6 }, { kind = "dense", units = 16 }]

[reconstruction]

[training]
epochs = 4
learning_rate = 0.02
"""
RECONSTRUCTION += FLOAT32 + INT8
DIGITS = """
seeds = [1]
[data]
sklearn = "digits"
[network]
layers = [{ kind = "dense", units = 10 }]
[training]
epochs = 2
[[runs]]
name = "float32"
arithmetic = "float32"
"""


def sums(folder, **changes):
    """Two targets, sums of four numbers."""
    rng = np.random.default_rng(1)
    arrays = {}
    for part, count in (("train", 300), ("test", 60)):
        x = rng.normal(5, 2, (count, 1, 1, 4))
        arrays["x_" + part] = x
        arrays["y_" + part] = np.stack([x[:, 0, 0, :2].sum(1), x[:, 0, 0, 2:].sum(1)], 1) / 3
    np.savez(folder / "sums.npz", **{**arrays, **changes})


def waves(folder):
    """Sines of several phases, 40 steps, of which windows of 16 leave 8 over."""
    rng = np.random.default_rng(1)
    arrays = {"classes": np.array(["sine"])}
    for part, count in (("train", 150), ("test", 20)):
        steps = np.arange(40) * 0.7 + rng.uniform(0, 6, (count, 1))
        arrays["x_" + part] = np.sin(steps).reshape(count, 1, 40, 1)
        arrays["y_" + part] = np.zeros(count, int)
    np.savez(folder / "waves.npz", **arrays)
    return arrays


def written(folder, text):
    path = folder / "made.toml"
    path.write_text(text)
    return path


def scores(results, name):
    return {one["name"]: one["results"][1]["scores"][name] for one in results["runs"]}


def test_a_regression_is_learned_in_every_unit(tmp_path):
    sums(tmp_path)
    results = run(read_experiment(written(tmp_path, REGRESSION)), tmp_path, tmp_path / "kept")
    assert min(scores(results, "R2").values()) > 0.9
    assert [row["score"] for row in summary(results)] == ["R2"] * 4


def test_an_autoencoder_is_scored_by_what_it_returns(tmp_path):
    waves(tmp_path)
    path = written(tmp_path, RECONSTRUCTION)
    results = run(read_experiment(path), tmp_path, tmp_path / "kept")
    assert min(scores(results, "R2").values()) > 0.9


def test_raw_samples_stay_as_they_are(tmp_path):
    sums(tmp_path)
    text = REGRESSION.replace('"normalized"', '"raw"')
    x = load(read_experiment(written(tmp_path, text)), tmp_path)["x_test"]
    assert x.dtype == np.float32
    assert x.mean() == pytest.approx(5, abs=0.5) and x.std() == pytest.approx(2, abs=0.3)


def test_windows_are_samples_of_their_own(tmp_path):
    before = waves(tmp_path)
    after = load(read_experiment(written(tmp_path, RECONSTRUCTION)), tmp_path)
    x = after["x_test"]
    assert x.shape == (40, 1, 16, 1)
    assert after["y_test"].shape == (40,)
    cut = before["x_test"].reshape(20, 40)
    deviation = cut[3, 16:32].std() / x[7].std()
    assert x[7].ravel() * deviation == pytest.approx(cut[3, 16:32], abs=0.05)


def test_determination_is_the_share_of_the_variance():
    targets = np.array([[1.0, 10], [2, 10], [3, 40]])  # deviations: 1 + 0 + 1, and 600
    assert determination(targets, targets) == 1
    assert determination(targets, targets.mean(axis=0) + 0 * targets) == 0
    assert determination(targets, targets + 1) == pytest.approx(1 - 6 / 602)
    assert determination(targets.reshape(3, 1, 1, 2), -targets) < 0
    assert determination(np.ones((2, 1)), np.zeros((2, 1))) == 0
    assert determination(np.ones((2, 1)), np.ones((2, 1))) == 1


@pytest.mark.parametrize(
    ("name", "shape", "train", "test", "classes"),
    [
        ("digits", (8, 8, 1), 1198, 599, 10),
        ("diabetes", (1, 1, 10), 295, 147, None),
        ("wine", (1, 1, 13), 119, 59, 3),
        ("breast_cancer", (1, 1, 30), 380, 189, 2),
    ],
)
def test_data_of_scikit_learn(name, shape, train, test, classes):
    arrays = sklearn_arrays(name)
    assert arrays["x_train"].shape == (train, *shape)
    assert len(arrays["x_test"]) == test
    assert ("classes" in arrays) == (classes is not None)
    assert classes is None or len(arrays["classes"]) == classes
    again = sklearn_arrays(name)
    assert all((arrays[key] == again[key]).all() for key in arrays)


def test_an_experiment_on_digits_needs_no_folder(tmp_path, capsys):
    path = written(tmp_path, DIGITS)
    arguments = ["--data", str(tmp_path / "nowhere"), "--output", str(tmp_path / "kept")]
    assert cli.main(["experiment", str(path), *arguments]) == 0
    (accuracy,) = re.findall(r"accuracy \| (\S+) ±", capsys.readouterr().out)
    assert float(accuracy) > 85
    kept = [path.name for path in (tmp_path / "kept" / "made").iterdir()]
    other = written(tmp_path, DIGITS.replace("digits", "wine"))
    assert not {path.name for _, _, path in _jobs(read_experiment(other), tmp_path, tmp_path)} & {
        *kept
    }


def test_scikit_learn_is_asked_for_where_it_is_missing(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    arguments = ["experiment", str(written(tmp_path, DIGITS)), "--output", str(tmp_path / "kept")]
    assert cli.main(arguments) == 1
    assert "needs scikit-learn: pip install 'fqt-host[data]'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "old", "new", "message"),
    [
        (DIGITS, '"digits"', '"iris"', r"\[data\] sklearn is one of breast.*, not 'iris'"),
        (DIGITS, '"digits"', '"digits"\nfile = "a.npz"', r"\[data\] says either file"),
        (DIGITS, 'sklearn = "digits"', "", r"\[data\] says either file"),
        (DIGITS, '"digits"', '"diabetes"', r"scikit-learn's diabetes has no classes"),
        (DIGITS, "[data]", "[regression]\n[data]", r"\[regression\] goes with loss"),
        (DIGITS, "[data]", "[reconstruction]\n[data]", r"\[reconstruction\] goes with loss"),
        (
            RECONSTRUCTION,
            "[reconstruction]",
            "[reconstruction]\nclass = 1",
            r"\[reconstruction\] knows no keys, not class",
        ),
        (
            RECONSTRUCTION,
            "[reconstruction]",
            "[reconstruction]\n[anomaly]",
            r"it is one of \[anomaly\], \[reconstruction\], not both",
        ),
        (RECONSTRUCTION, '"float32"\n\n', '"mixed"\n\n', "'mixed' goes with classes"),
        (RECONSTRUCTION, "window = 16", "window = -1", "window is a number of steps"),
        (RECONSTRUCTION, "window = 16", "window = 41", "samples have 40 steps, fewer than 41"),
        (REGRESSION, '"raw"', '"scaled"', r"\[regression\] targets is one of"),
        (REGRESSION, "scale = 0.5", "scale = 0", r"\[regression\] scale is not 0"),
        (REGRESSION, "offset = 3.0", "offset = '3'", r"\[runs.regression\] offset must be"),
        (RECONSTRUCTION, "master = 16", "regression = { scale = 2 }", "goes with .regression."),
        (
            REGRESSION,
            REGRESSION[REGRESSION.index("layers") : REGRESSION.index("[regression]")],
            'reference = "residual"\n',
            r"reference goes with softmax_cross_entropy, not mean_squared_error",
        ),
    ],
)
def test_mistakes_are_named(text, old, new, message, tmp_path, capsys):
    sums(tmp_path)
    waves(tmp_path)
    assert old in text
    path = written(tmp_path, text.replace(old, new, 1))
    arguments = ["--data", str(tmp_path), "--output", str(tmp_path / "kept")]
    assert cli.main(["experiment", str(path), *arguments]) == 1
    assert re.search(message, capsys.readouterr().err)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"y_train": np.zeros(299)}, "y_train: 300 samples need as many targets"),
        ({"y_test": np.zeros((60, 2, 1))}, "y_test: 60 samples need as many targets"),
        ({"y_train": np.full((300, 2), np.nan)}, "y_train: target 0: element 0 is not a finite"),
        ({"y_train": np.full(300, "a")}, "y_train must be real numbers"),
    ],
)
def test_targets_that_do_not_fit_are_refused(changes, message, tmp_path):
    sums(tmp_path, **changes)
    with pytest.raises(ValueError, match=message):
        run(read_experiment(written(tmp_path, REGRESSION)), tmp_path, tmp_path / "kept")


def test_outputs_and_targets_of_other_counts_are_found_before_anything_runs(tmp_path):
    sums(tmp_path)
    text = REGRESSION.replace("units = 2", "units = 3")
    with pytest.raises(ValueError, match=r"\[network\] has 3 outputs, the data have 2"):
        run(read_experiment(written(tmp_path, text)), tmp_path, tmp_path / "kept")
    assert not (tmp_path / "kept").exists()


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.stem)
def test_every_example_is_read_and_compares_int8_with_float32(path):
    experiment = read_experiment(path)
    assert experiment.runs[0].arithmetic == "float32"
    for one in experiment.runs[1:]:
        assert one.arithmetic != "float32"
    if experiment.data.sklearn:
        arrays = load(experiment, path.parent)
        outputs = outputs_of(experiment, arrays)
        assert experiment.build(arrays["x_train"].shape[1:], outputs, 1).outputs == outputs


def test_rows_of_experiments_that_were_not_run_stay_in_the_table(tmp_path):
    document = tmp_path / "accuracy.md"
    script = accuracy_table.SCRIPT
    old = "| h |\n|---|\n| b † | old |\n| c † | old |"
    document.write_text(f"a\n<!-- made by {script} -->\n{old}\n<!-- end -->\n")
    accuracy_table.merge(document, "| head |\n|---|\n| c | new |\n| a | new |")
    accuracy_table.merge(document, "| head |\n|---|\n| c | newer 1 |\n| c | newer 0 |")
    lines = document.read_text().splitlines()[2:-1]
    assert lines == [
        "| head |",
        "|---|",
        *("| a | new |", "| b † | old |"),
        *("| c | newer 1 |", "| c | newer 0 |"),
    ]
