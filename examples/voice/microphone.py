# What the example has for a microphone: the commands of speaker.fqd, one after another, as mu-law
# (ITU-T G.711) stores them in 8 bits. On a device of yours, fill an array 'h' with SAMPLES
# readings at 8000 Hz (machine.I2S) once it is loud, and take the label from whoever teaches.
import array

import fqt

HEARD = fqt.Data("speaker.fqd")


def _values():
    # What the 256 codes stand for.
    values = array.array("h", bytes(512))
    for code in range(256):
        size = ((((~code & 15) << 3) + 132) << (~code >> 4 & 7)) - 132
        values[code] = size if code & 0x80 else -size
    return values


VALUES = _values()


def command(number, samples):
    # That of this number to samples, an array 'h'. Returns its label.
    codes, label = HEARD[number]
    for i in range(len(samples)):
        samples[i] = VALUES[codes[i]]
    return label
