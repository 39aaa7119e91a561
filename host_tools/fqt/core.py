"""The C core on the host: the public name of fqt.run.core."""

from fqt.run.core import Model, library

__all__ = ["Model", "library"]
