"""What a report says of the differences between runs: figures computed by hand."""

import numpy as np
import pytest

from fqt.experiment import arithmetic, summary, table
from fqt.experiment.configuration import Run, Training
from fqt.experiment.statistics import critical_t, paired_differences
from fqt.layers import Dense
from fqt.train import fitting
from fqt.train.sequential import Sequential

SCORES = np.array([0.81, 0.82, 0.83, 0.84, 0.85, 0.86])


def results(below, at_most=None):
    """Of a run that lies so far below another, in percent, one number a seed."""

    def run(name, scores, at_most=None):
        of_seeds = {
            seed: {"scores": {"accuracy": score}, "seconds": 2.0}
            for seed, score in enumerate(scores, 1)
        }
        return {"name": name, "against": "float32", "at_most": at_most, "results": of_seeds}

    scores = SCORES[: len(below)]
    int8 = run("int8", scores - np.array(below) / 100, at_most)
    return {"name": "made", "runs": [run("float32", scores), int8]}


@pytest.mark.parametrize(
    ("degrees", "value"),
    [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (5, 2.571), (9, 2.262), (30, 2.042)],
)
def test_critical_t_is_that_of_the_tables(degrees, value):
    assert critical_t(degrees) == pytest.approx(value, abs=5e-4)


def test_paired_differences_leave_out_what_seeds_share():
    """Deviation 1 over root 3; the scores themselves spread ten times as wide."""
    differences = paired_differences(np.array([9, 48, 97]), np.array([10, 50, 100]))
    assert differences.mean == 2
    assert differences.standard_error == pytest.approx(1 / np.sqrt(3))
    assert differences.upper_end == pytest.approx(2.57735)
    assert not differences.differs_from(0)  # 4.303 / sqrt(3) is 2.48
    assert differences.differs_from(-0.5)


def test_one_seed_decides_nothing():
    differences = paired_differences(np.array([1.0]), np.array([90.0]))
    assert differences.standard_error is None
    assert not differences.differs_from(0)
    (_, row) = summary(results([0.1], at_most=0.5))
    assert (row["standard_error"], row["holds"], row["exceeds"]) == (None, False, False)
    assert "| +0.10, not distinguishable (n = 1) | 0.5 ? |" in table([row])


@pytest.mark.parametrize(
    ("at_most", "holds", "exceeds", "mark"),
    [
        (2.5, True, False, "✓"),
        (2.3, False, False, "?"),
        (1.5, False, False, "?"),
        (1.0, False, True, "✗"),
    ],
)
def test_limits_are_judged_on_the_upper_end(at_most, holds, exceeds, mark):
    """Mean 2, standard error 0.365, and 2.571 times that 0.939."""
    (first, row) = summary(results([1, 2, 3, 2, 1, 3], at_most))
    assert "below" not in first
    assert (row["below"], row["standard_error"], row["seeds"]) == (2.0, 0.37, 6)
    assert (row["upper_end"], row["is_significant"]) == (2.37, True)
    assert (row["holds"], row["exceeds"]) == (holds, exceeds)
    assert f"| +2.00 ± 0.37, significant (n = 6) | {at_most:.1f} {mark} |" in table([first, row])


def test_a_difference_within_the_noise_is_said_to_be_so():
    (_, row) = summary(results([1, -1, 2, -2, 1, 0]))
    assert not row["is_significant"]
    assert "holds" not in row
    assert "| +0.17 ± 0.60, not distinguishable (n = 6) |  |" in table([row])


def test_only_seeds_that_both_runs_have_are_compared():
    both = results([1, 2, 3, 9])
    del both["runs"][0]["results"][4]
    (_, row) = summary(both)
    assert (row["seeds"], row["below"]) == (3, 2.0)


def test_a_seed_is_the_same_start_and_the_same_order_in_every_arithmetic(monkeypatch):
    """Else the differences would not be paired."""
    rng = np.random.default_rng(1)
    x, y = rng.uniform(0, 1, (20, 2, 2, 1)).astype(np.float32), rng.integers(0, 2, 20)
    layers = [Dense(8, activation="relu"), Dense(4, activation="relu"), Dense(2)]
    net = Sequential(layers, (2, 2, 1))
    orders, weights = [], []
    for name in ("float32", "int8", "mixed"):
        shuffled = []

        def shuffle(order, seed, shuffled=shuffled):
            order[:] = np.random.default_rng([*order, seed]).permutation(order)
            shuffled.append(order.tolist())

        monkeypatch.setattr(arithmetic, "shuffle", shuffle)
        monkeypatch.setattr(fitting, "shuffle", shuffle)
        run = Run(name, name, reset="all" if name != "mixed" else "none")
        made = arithmetic.trainer(net, run, x, 5, True)
        assert len(list(made.epochs(x, y, Training(3), 5))) == 3
        orders.append(shuffled)
    for run in (Run("a", "float32", reset="last:2"), Run("b", "int8", reset="last:2")):
        made = arithmetic.trainer(net, run, x, 5, True)
        if run.arithmetic == "float32":
            weights.append([layer.weights for layer in made.net.layers])
        else:
            layers = made.model.layers
            weights.append([one.weights * one.weight_scales[:, None] for one in layers])
    assert len(orders[0]) == 3 and orders[0] == orders[1] == orders[2]
    for of_float32, of_int8 in zip(*weights, strict=True):
        unit = np.abs(of_float32).max() / 127
        assert of_int8 == pytest.approx(of_float32, abs=0.51 * unit)
