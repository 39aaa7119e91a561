"""What tests of the example camera share: its files, which it ships with."""

from __future__ import annotations

import re
from pathlib import Path

from fqt.samples.recordings import HEADER

EXAMPLE = Path(__file__).resolve().parents[1] / "examples/camera"
FILES = "camera.fqt", "frames.fqd", "sensor.py"
RECORD_BYTES = 5 + 48 * 48
AMOUNTS = "LEARN, TEST, EPOCHS = 60, 100, 20"


def example_files(frames: int) -> dict[str, bytes]:
    """All that the device needs beside main.py, by name, with so many of the frames."""
    files = {name: (EXAMPLE / name).read_bytes() for name in FILES}
    files["frames.fqd"] = files["frames.fqd"][: HEADER.size + frames * RECORD_BYTES]
    return files


def main_with(learned: int, tested: int) -> str:
    """main.py with other numbers of frames."""
    text = (EXAMPLE / "main.py").read_text()
    assert AMOUNTS in text
    return text.replace(AMOUNTS, f"LEARN, TEST, EPOCHS = {learned}, {tested}, 20")


def share_right(printed: str) -> float:
    right, count = map(int, re.search(r"^(\d+) of (\d+) frames right$", printed, re.M).groups())
    return right / count
