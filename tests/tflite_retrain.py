"""What tests of the example tflite_retrain share: its files, made by its host script and fqt
convert."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import fqt

EXAMPLE = Path(__file__).resolve().parents[1] / "examples/tflite_retrain"
FILES = "digits.fqt", "new.fqd", "test.fqd"


def example_files(folder: Path) -> dict[str, bytes]:
    """All that the device needs, by name."""
    subprocess.run([sys.executable, EXAMPLE / "prepare.py", folder], check=True)
    shutil.copy(EXAMPLE / "digits.tflite", folder)
    model = fqt.convert(folder / "digits.tflite", trainable="last:1", labels=list("56789"))
    model.write(folder / "digits.fqt")
    return {name: (folder / name).read_bytes() for name in FILES}


def check_learnt(printed: str) -> None:
    before, after = (
        float(re.search(rf"^{when}: ([0-9.]+) % of", printed, re.M)[1])
        for when in ("before", "after")
    )
    assert before < 30 and after > 85, printed
