# The part of a firmware: the native names come from _fqt (fqt_usermod.c), error texts too.
import _fqt

_fqt.fill()
