# What the example has for a sensor: the windows of machine.fqd, one after another. On a device of
# yours, fill an array 'h' with 128 readings of one axis of your accelerometer, at 1000 Hz.
import fqt

WINDOWS = fqt.Data("machine.fqd")
_taken = 0


def window():
    # (128 readings, whether the machine was damaged then), or None when there are no more.
    global _taken
    if _taken == len(WINDOWS):
        return None
    _taken += 1
    return WINDOWS[_taken - 1]
