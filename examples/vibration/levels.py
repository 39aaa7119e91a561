# The levels of a window of vibration by octaves: of the differences of neighbouring readings, then
# of the means of two, of four and so on (of wavelets, as Haar has them), the mean power and the
# greatest, as log2. The desk and the device run this same file.
import array
import math

READINGS = 128
OCTAVES = 6
LEVELS = 2 * OCTAVES


def levels(window):
    # window: READINGS numbers. Gives an array 'f' of LEVELS.
    found = array.array("f", bytes(4 * LEVELS))
    for octave in range(OCTAVES):
        means = []
        power = peak = 1.0
        for i in range(0, len(window), 2):
            means.append((window[i] + window[i + 1]) / 2)
            square = (window[i] - window[i + 1]) ** 2
            power += square
            peak = max(peak, square)
        found[2 * octave] = math.log(power / len(means)) / math.log(2)
        found[2 * octave + 1] = math.log(peak) / math.log(2)
        window = means
    return found
