"""The version of the host tools, which is the module's: one file in the repository, VERSION."""

from fqt import places

__version__ = places.version()
