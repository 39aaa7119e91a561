"""`fqt demo`: run the example rotated_digits, wherever it lies."""

from __future__ import annotations

import runpy

from fqt import places

SCRIPT = "rotated_digits/demo.py"


def run_demo(arguments: list[str]) -> None:
    """Run its main with these arguments. Raises what it raises."""
    runpy.run_path(str(places.examples() / SCRIPT))["main"](arguments)
