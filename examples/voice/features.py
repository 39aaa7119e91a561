# What the network hears of a command: of each of 32 frames the power in 16 bands that are equally
# wide on the mel scale, as logarithms. All in integers: this one file runs on the device, where
# viper makes machine code of it, and on the desk, and gives the same bytes.
#
# A frame has 256 samples of 8000 a second, and the next begins 192 later. It goes through Hann's
# window, is shifted up as far as it fits (so that quiet ones lose nothing), and through a fast
# Fourier transform that halves at each stage. Logarithms are of base 2, in 1/16, from a table; a
# feature is 255 where the whole command is loudest, and one less for each 0.19 dB below.
import array
import sys

if sys.implementation.name != "micropython":  # on the desk the same, as plain Python

    class micropython:  # noqa: N801 (the name that MicroPython knows)
        @staticmethod
        def viper(function):
            return function

    def ptr8(memory):
        return memory

    ptr16 = ptr32 = ptr8

FRAME = 256
HOP = 192
FRAMES = 32
BANDS = 16
SAMPLES = FRAME + (FRAMES - 1) * HOP  # of a command: 0.776 s
# The first bin of each band, of 31.25 Hz each, and where the last ends: from 125 to 3750 Hz.
EDGES = bytes((4, 7, 10, 14, 18, 22, 27, 33, 39, 46, 53, 62, 71, 81, 93, 106, 120))
# fmt: off
# cos(2 pi i / 256) in 1/16384, of the first quarter.
QUARTER = (
    16384, 16379, 16364, 16340, 16305, 16261, 16207, 16143, 16069, 15986, 15893, 15791, 15679,
    15557, 15426, 15286, 15137, 14978, 14811, 14635, 14449, 14256, 14053, 13842, 13623, 13395,
    13160, 12916, 12665, 12406, 12140, 11866, 11585, 11297, 11003, 10702, 10394, 10080, 9760,
    9434, 9102, 8765, 8423, 8076, 7723, 7366, 7005, 6639, 6270, 5897, 5520, 5139, 4756, 4370,
    3981, 3590, 3196, 2801, 2404, 2006, 1606, 1205, 804, 402, 0,
)
# 16 * log2(1 + i / 32), to nearest.
LOGARITHMS = bytes((
    0, 1, 1, 2, 3, 3, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13, 13, 14,
    14, 15, 15, 15, 16,
))
# fmt: on
_OFFSET = 65536  # on numbers in memory, since viper reads them without a sign


def _turns():
    # [256] cosines of one turn, with the offset.
    turns = array.array("i", bytes(4 * FRAME))
    for i in range(FRAME):
        j = i & 127
        value = QUARTER[j] if j <= 64 else -QUARTER[128 - j]
        turns[i] = _OFFSET + (value if i < 128 else -value)
    return turns


COSINES = _turns()


@micropython.viper
def _window(samples, first: int, parts, cosines) -> int:
    # A frame, shifted up, to parts: [512] real parts at even places, in the order that the
    # transform takes. Returns by how many bits it was shifted.
    given = ptr16(samples)
    to = ptr32(parts)
    cosine = ptr32(cosines)
    peak = 1
    for i in range(256):
        x = given[first + i]
        if x >= 32768:
            x -= 65536
        x = x * (16384 + 65536 - cosine[i]) >> 7
        place = 0
        bits = i
        for _ in range(8):
            place = place << 1 | bits & 1
            bits >>= 1
        to[2 * place] = x + 0x10000000
        to[2 * place + 1] = 65536
        if x < 0:
            x = 0 - x
        if x > peak:
            peak = x
    down = 0
    while peak >> down >= 32768:
        down += 1
    up = 0
    while peak << up < 16384:
        up += 1
    for i in range(0, 512, 2):
        to[i] = (((to[i] - 0x10000000) << up) >> down) + 65536
    return up - down


@micropython.viper
def _transform(parts, cosines):
    # In place: real and imaginary parts, one after the other, halved at each of 8 stages.
    z = ptr32(parts)
    cosine = ptr32(cosines)
    half = 1
    turn = 128
    while half < 256:
        for k in range(half):
            real = cosine[k * turn] - 65536
            imaginary = cosine[k * turn + 64 & 255] - 65536
            i = 2 * k
            while i < 512:
                j = i + 2 * half
                a = z[i] - 65536
                b = z[i + 1] - 65536
                c = z[j] - 65536
                d = z[j + 1] - 65536
                e = c * real - d * imaginary + 8192 >> 14
                f = c * imaginary + d * real + 8192 >> 14
                z[i] = (a + e + 1 >> 1) + 65536
                z[i + 1] = (b + f + 1 >> 1) + 65536
                z[j] = (a - e + 1 >> 1) + 65536
                z[j + 1] = (b - f + 1 >> 1) + 65536
                i += 4 * half
        half *= 2
        turn >>= 1


@micropython.viper
def _powers(parts, edges, logarithms, out):
    # Of each band the logarithm of its power, in 1/16, to out: [16].
    z = ptr32(parts)
    edge = ptr8(edges)
    logarithm = ptr8(logarithms)
    to = ptr32(out)
    for band in range(16):
        power = 1
        for i in range(edge[band], edge[band + 1]):
            a = z[2 * i] - 65536
            b = z[2 * i + 1] - 65536
            power += a * a + b * b
        exponent = 0
        while power >> exponent >= 64:
            exponent += 1
        while power < 32:
            power <<= 1
            exponent -= 1
        if exponent > 0:
            power >>= exponent
        to[band] = 16 * (exponent + 5) + logarithm[power - 32]


def features(samples, out):
    # samples: array 'h' of SAMPLES. out: bytearray of FRAMES x BANDS.
    parts = array.array("i", bytes(8 * FRAME))
    powers = array.array("i", bytes(4 * BANDS))
    levels = array.array("h", bytes(2 * FRAMES * BANDS))
    for frame in range(FRAMES):
        shift = _window(samples, frame * HOP, parts, COSINES)
        _transform(parts, COSINES)
        _powers(parts, EDGES, LOGARITHMS, powers)
        for band in range(BANDS):
            levels[frame * BANDS + band] = powers[band] - 32 * shift
    highest = max(levels)
    for i in range(FRAMES * BANDS):
        out[i] = max(0, 255 - highest + levels[i])
    return out
