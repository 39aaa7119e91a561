"""Emulated boards: the public name of fqt.device.emulator."""

from fqt.device.emulator import KINDS, Board, Kind, build, firmware, module

__all__ = ["KINDS", "Board", "Kind", "build", "firmware", "module"]
