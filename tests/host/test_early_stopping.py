"""Early stopping: what is held out, which epoch counts, and that its network is the one scored."""

import numpy as np
import pytest
from experiment_files import FLOAT32, INT8, MIXED, check_refused

from fqt.experiment import read_experiment, run
from fqt.experiment.arithmetic import trainer
from fqt.experiment.data import Split
from fqt.experiment.early_stopping import BestEpoch, hold_out
from fqt.experiment.sections import EarlyStopping, Run, Training
from fqt.layers import Dense
from fqt.train.sequential import Sequential

TOML = """
seeds = [1]
[data]
file = "noise.npz"
[network]
layers = [{ kind = "dense", units = 16, activation = "relu" }, { kind = "dense", units = 2 }]
[training]
epochs = 40
learning_rate = 0.1
schedule = "constant"
early_stopping = { held_out = 0.4, patience = 2 }
"""
TOML += FLOAT32 + INT8 + MIXED


class Losing:
    """A trainer whose losses on what is held out are these."""

    def __init__(self, losses):
        self.left = list(losses)
        self.epoch = 0

    def losses(self, x, y):
        self.epoch += 1
        return np.full(len(x), self.left.pop(0))

    def state(self):
        return f"after epoch {self.epoch}"


@pytest.mark.parametrize(
    ("losses", "patience", "ends", "best"),
    [
        ([3, 2, 2.5, 2.1, 2.2, 1], 3, 5, 2),
        ([3, 2, 2.5, 1, 4], 2, None, 4),
        ([1, 2, 3], 1, 2, 1),
        ([float("nan"), 2, 1], 2, None, 3),
    ],
)
def test_the_best_epoch_counts(losses, patience, ends, best):
    made = Losing(losses)
    found = BestEpoch(EarlyStopping(0.1, patience), np.zeros((4, 1)), None)
    epochs = range(1, len(losses) + 1)
    assert next((epoch for epoch in epochs if found.is_over(made, epoch)), None) == ends
    assert found.epoch == best
    assert found.state == f"after epoch {best}"


def test_what_is_held_out_is_drawn_by_the_seed_and_not_trained_on():
    x = np.arange(20.0).reshape(20, 1, 1, 1)
    split = Split(x, np.arange(20), x, np.arange(20), x, ("a",))
    kept, held_x, held_y = hold_out(split, 0.25, 7)
    assert len(held_x) == 5 and (held_x.ravel() == held_y).all()
    assert sorted([*kept.y_train, *held_y]) == list(range(20))
    assert (kept.x_train.ravel() == kept.y_train).all()
    _, _, other_y = hold_out(split, 0.25, 8)
    assert (hold_out(split, 0.25, 7)[2] == held_y).all() and set(other_y) != set(held_y)
    with pytest.raises(ValueError, match=r"held_out = 0\.01 of 20 samples is 0"):
        hold_out(split, 0.01, 7)


@pytest.mark.parametrize("arithmetic", ["float32", "int8", "mixed"])
def test_a_trainer_returns_to_a_state(arithmetic):
    rng = np.random.default_rng(1)
    x, y = rng.uniform(0, 1, (30, 1, 1, 4)).astype(np.float32), rng.integers(0, 2, 30)
    net = Sequential([Dense(8, activation="relu"), Dense(2)], (1, 1, 4))
    made = trainer(net, Run("a", arithmetic), x, 1, True)
    epochs = made.epochs(x, y, Training(3, 0.1), 1)
    next(epochs)
    state, outputs, losses = made.state(), made.outputs(x), made.losses(x, y)
    next(epochs)
    assert (made.outputs(x) != outputs).any()
    made.restore(state)
    assert (made.outputs(x) == outputs).all()
    assert (made.losses(x, y) == losses).all()


def noise(folder):
    """Labels by chance."""
    rng = np.random.default_rng(1)
    arrays = {"classes": np.array(["a", "b"])}
    for part in ("train", "test"):
        arrays["x_" + part] = rng.integers(0, 255, (60, 3, 3, 1)).astype(np.uint8)
        arrays["y_" + part] = rng.integers(0, 2, 60)
    np.savez(folder / "noise.npz", **arrays)


def test_noise_is_not_learned_by_heart(tmp_path):
    """What is held out says so after a few epochs, in every arithmetic."""
    noise(tmp_path)
    (tmp_path / "noise.toml").write_text(TOML)
    results = run(read_experiment(tmp_path / "noise.toml"), tmp_path, tmp_path / "kept")
    for one in results["runs"]:
        history = one["results"][1]["history"]
        assert len(history) == 41
        best = history.index(history[-1])
        assert best < 38 and all(entry == history[-1] for entry in history[best:])
        assert one["results"][1]["scores"]["accuracy"] == history[-1][1]


def test_class_weights_of_other_classes_are_found_before_anything_trains(tmp_path):
    noise(tmp_path)
    text = TOML.replace('schedule = "constant"', "class_weights = [1, 2, 3]")
    (tmp_path / "noise.toml").write_text(text)
    with pytest.raises(ValueError, match="class_weights are 'balanced' or 2 numbers"):
        run(read_experiment(tmp_path / "noise.toml"), tmp_path, tmp_path / "kept")
    assert not (tmp_path / "kept").exists()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("held_out = 0.4", "held_out = 1", "held_out is above 0 and below 1, not 1"),
        ("patience = 2", "patience = 0", "patience is at least 1 epoch, not 0"),
        ("patience = 2", "wait = 2", r"\[training\.early_stopping\] knows held_out, patience"),
        ("{ held_out = 0.4, patience = 2 }", "3", r"\[training\.early_stopping\] is a table"),
        ('schedule = "constant"', 'class_weights = "even"', "class_weights are 'balanced'"),
        ('schedule = "constant"', "class_weights = 3", "class_weights is a list, not 3"),
        ('schedule = "constant"', "class_weights = [1, -1]", "that of class 1 must be"),
        ("master = 16", "percentile = 101", "percentile must be"),
    ],
)
def test_mistakes_are_named(old, new, message, tmp_path):
    check_refused(tmp_path / "noise.toml", TOML, old, new, message)
