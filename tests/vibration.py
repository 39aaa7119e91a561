"""What tests of the example vibration share: its files, made by its host script."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).resolve().parents[1] / "examples/vibration"
MADE = ("vibration.fqt", "machine.fqd")
COPIED = ("levels.py", "sensor.py", "main.py")


def example_files(folder: Path) -> dict[str, bytes]:
    """All that the device needs, by name."""
    subprocess.run([sys.executable, EXAMPLE / "prepare.py", folder], check=True)
    files = {name: (folder / name).read_bytes() for name in MADE}
    return files | {name: (EXAMPLE / name).read_bytes() for name in COPIED}


def check_watched(printed: str) -> None:
    """Few windows of the whole machine are unusual, most of the damaged one, and soon it is told
    that it changed."""
    whole, damaged = (
        tuple(map(int, re.search(rf"{what}: (\d+) of (\d+) windows", printed).groups()))
        for what in ("whole", "damaged")
    )
    assert whole[0] <= 0.15 * whole[1] and damaged[0] >= 0.7 * damaged[1], printed
    told = int(re.search(r"told at window (\d+) of", printed)[1])
    assert whole[1] < told < whole[1] + 15, printed
