# fqt.Threshold. Beside it: losses.bin (normal losses, then drifted ones, float32), wanted.txt (how
# many are normal, numpy's quantiles of these).
import os
from array import array

from checking import raises, read, run

import fqt

LOSSES = array("f", read("losses.bin"))
with open("wanted.txt") as file:
    NORMAL, *WANTED = [float(number) for number in file.read().split()]
NORMAL = int(NORMAL)
PATH = "normal.thr"


def calibrated(quantile, **options):
    threshold = fqt.Threshold(quantile, **options)
    for i in range(NORMAL):
        threshold.add(LOSSES[i])
    return threshold


def check_quantiles_are_numpy_s():
    for quantile, wanted in zip((0.5, 0.9, 0.99), WANTED):
        threshold = calibrated(quantile)
        assert len(threshold) == NORMAL
        assert abs(threshold.value / wanted - 1) < 1 / 8, (quantile, threshold.value, wanted)


def check_drift_is_told():
    threshold = calibrated(0.9, false_alarm=1000)
    above = sum(threshold.exceeded(LOSSES[i]) for i in range(NORMAL))
    assert abs(above / NORMAL - 0.1) < 0.03 and not threshold.drift, above
    steps = 0
    while not threshold.drift:
        threshold.exceeded(LOSSES[NORMAL + steps])
        steps += 1
    print("drift after", steps)
    assert 3 <= steps < 60
    threshold.clear()
    assert not threshold.drift and not threshold.exceeded(0.0)


def check_it_is_saved_and_restored():
    threshold = calibrated(0.9)
    for i in range(NORMAL, NORMAL + 50):
        threshold.exceeded(LOSSES[i])
    threshold.save(PATH)
    other = fqt.Threshold(0.5)
    other.restore(PATH)
    assert abs(other.value - threshold.value) < 1e-6 * other.value
    assert other.drift == threshold.drift and len(other) == NORMAL
    assert abs(other._evidence - threshold._evidence) < 1e-5
    threshold.save("again.thr")
    assert read("again.thr") == read(PATH)
    whole = read(PATH)
    for cut in range(0, len(whole), 50):
        with open("again.thr", "wb") as file:
            file.write(whole[:cut])
        raises(ValueError, "again.thr is no threshold", lambda: other.restore("again.thr"))
    with open("again.thr", "wb") as file:
        file.write(whole[:100] + b"\x99" + whole[101:])
    raises(ValueError, "damaged: calibrate anew", lambda: other.restore("again.thr"))
    assert len(other) == NORMAL
    raises(OSError, "2", lambda: other.restore("none.thr"))
    os.remove("again.thr")
    os.remove(PATH)


def check_many_losses_and_extreme_ones():
    threshold = fqt.Threshold(0.5)
    threshold.add(1.0)
    threshold._counts[17 * 8] = 65535
    threshold.add(1.0)
    assert len(threshold) == 32768  # what was long ago counts half
    for loss in (0.0, 1e-30, 32767.0, 1e30):
        threshold.add(loss)
    assert 1 <= threshold.value <= 1.125


def check_what_is_no_loss_is_refused():
    raises(ValueError, "quantile is a number from 0.5", lambda: fqt.Threshold(1))
    raises(ValueError, "false_alarm is above 1", lambda: fqt.Threshold(0.9, false_alarm=1))
    threshold = fqt.Threshold()
    raises(ValueError, "no losses were added", lambda: threshold.value)
    for loss in (-1.0, float("nan"), float("inf")):
        raises(ValueError, "a loss is a number from 0", lambda: threshold.add(loss))
    assert len(threshold) == 0


run(
    check_quantiles_are_numpy_s,
    check_drift_is_told,
    check_it_is_saved_and_restored,
    check_many_losses_and_extreme_ones,
    check_what_is_no_loss_is_refused,
)
