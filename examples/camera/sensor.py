# What the example has for a camera: the frames of frames.fqd, one after another, by the names of
# OpenMV's module `sensor`, which has no label(). On an OpenMV its own module takes this one's
# place: do not copy this one there.
import fqt

GRAYSCALE = QQQVGA = None
FRAMES = fqt.Data("frames.fqd")
_taken = 0


class _Image:
    def __init__(self, pixels):
        self._pixels = pixels

    def bytearray(self):
        return self._pixels


def reset():
    global _taken
    _taken = 0


def _set(*_, **__):
    # Nothing to be set here.
    pass


set_pixformat = set_framesize = set_windowing = skip_frames = _set


def snapshot():
    global _taken
    _taken += 1
    return _Image(bytearray(FRAMES[_taken - 1][0]))


def label():
    # Of the frame that was taken last.
    return FRAMES[_taken - 1][1]
