"""The version of the host tools, which is the module's: one file in the repository, VERSION."""

from pathlib import Path

__version__ = (Path(__file__).parent / "VERSION").read_text().strip()
