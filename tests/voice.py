"""What tests of the example voice share: its files, and commands that are heard."""

from __future__ import annotations

import array
import importlib.util
import re
import zlib
from pathlib import Path

import numpy as np

from fqt.samples.recordings import HEADER, read_recording

EXAMPLE = Path(__file__).resolve().parents[1] / "examples/voice"
FILES = "commands.fqt", "speaker.fqd", "features.py", "microphone.py", "main.py"
RECORD_BYTES = 5 + 6208
HASHED = 4  # commands

# On a device, beside FILES: a CRC of what features.py makes of the first commands.
HEARS = f"""
import array, binascii
import microphone
from features import BANDS, FRAMES, SAMPLES, features
samples = array.array("h", bytes(2 * SAMPLES))
crc = 0
for number in range({HASHED}):
    microphone.command(number, samples)
    crc = binascii.crc32(features(samples, bytearray(FRAMES * BANDS)), crc)
print("crc", crc)
"""


def example_files(commands: int) -> dict[str, bytes]:
    """All that the device needs, by name, with so many of the commands."""
    files = {name: (EXAMPLE / name).read_bytes() for name in FILES}
    files["speaker.fqd"] = files["speaker.fqd"][: HEADER.size + commands * RECORD_BYTES]
    return files


def desk():
    """features.py as the desk has it."""
    spec = importlib.util.spec_from_file_location("features", EXAMPLE / "features.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def sounds() -> np.ndarray:
    """int16 [n][samples] of speaker.fqd."""
    codes = ~read_recording(EXAMPLE / "speaker.fqd").x.reshape(-1, 6208)
    sizes = ((codes & 15).astype(np.int16) * 8 + 132 << (codes >> 4 & 7)) - 132
    return np.where(codes & 0x80, -sizes, sizes).astype(np.int16)


def heard(sound: np.ndarray) -> bytes:
    """Its features, on the desk."""
    module = desk()
    out = bytearray(module.FRAMES * module.BANDS)
    return bytes(module.features(array.array("h", sound.tolist()), out))


def check_heard(printed: str) -> None:
    crc = 0
    for sound in sounds()[:HASHED]:
        crc = zlib.crc32(heard(sound), crc)
    assert printed == f"crc {crc}\n"


def right(when: str, printed: str) -> int:
    """How many commands were recognised."""
    found = re.search(rf"^{when}: (\d+) of \d+ commands right$", printed, re.M)
    assert found, printed
    return int(found[1])
