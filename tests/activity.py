"""What tests of the example activity share: its files, made by its host script."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).resolve().parents[1] / "examples/activity"


def example_files(folder: Path) -> dict[str, bytes]:
    """All that the device needs, by name; with asyncio, which firmwares for boards have in
    them."""
    command = [sys.executable, EXAMPLE / "train.py", folder]
    subprocess.run(command, check=True, capture_output=True)
    files = {name: (folder / name).read_bytes() for name in ("activity.fqt", "wearer.fqd")}
    files |= {name: (EXAMPLE / name).read_bytes() for name in ("main.py", "sensor.py")}
    asyncio = Path(os.environ["FQT_BUILD"]) / "micropython/extmod/asyncio"
    return files | {f"asyncio/{path.name}": path.read_bytes() for path in asyncio.glob("*.py")}


def right(when: str, printed: str) -> float:
    """The share of windows that were recognised."""
    found = re.search(rf"^{when}: (\d+) of (\d+) windows right$", printed, re.M)
    assert found, printed
    return int(found[1]) / int(found[2])


def check_watched(printed: str) -> None:
    assert printed.startswith(("begins", "free")), printed
    assert right("before", printed) < 0.6 and right("after", printed) > 0.85
    assert "at most 1 step between two turns" in printed
