"""Write the page: its static files, the core, a model that knows upright digits, and samples of
digits turned sideways.

    python examples/page/make.py FQT.WASM DIST FOLDER

The digits, the network and how it trains in float32 are those of examples/rotated_digits. What it
takes to train on a board, modules of DIST among it, goes to FOLDER/board: a browser loads of it
what a board needs, when there is one.
"""

from __future__ import annotations

import json
import runpy
import shutil
import sys
from pathlib import Path

import numpy as np

from fqt import __version__, quantize
from fqt.device import install, session
from fqt.kinds import KINDS

HERE = Path(__file__).resolve().parent
STATIC = ("index.html", "style.css", "js")
FLOAT_EPOCHS = 10
DEVICE_SCRIPTS = (install.DEVICE_SCRIPT, session.FINISH_SCRIPT, HERE / "board_device.py")


def samples_file(parts: list[tuple[np.ndarray, np.ndarray]]) -> bytes:
    """What js/samples.js reads, of (images uint8 [n][8][8][1], multiples of 15, labels)."""
    pieces = [np.array([len(labels) for _, labels in parts], "<u2").tobytes()]
    for images, labels in parts:
        pieces += [(images // 15).tobytes(), labels.astype(np.uint8).tobytes()]
    return b"".join(pieces)


def copy_modules(dist: Path, folder: Path) -> None:
    """What `fqt install` has, as files: the modules, what runs on a board, and what is known of
    boards."""
    files = ["fqt.mpy", *install.SECOND_MODULES]
    mpy = "{}.{}".format(*install.NEEDED_MPY)
    for architecture in install.BUILT:
        for kinds in ("", "_full"):
            place = folder / (architecture + kinds)
            place.mkdir(parents=True)
            for name in files:
                shutil.copy(dist / f"{architecture}_{mpy}{kinds}" / name, place)
    for script in DEVICE_SCRIPTS:
        shutil.copy(script, folder)
    known = {
        "version": __version__,
        "files": files,
        "architectures": install.ARCHITECTURES,
        "built": install.BUILT,
        "mpy": install.NEEDED_MPY,
        "oldest": install.OLDEST_SAFE,
        "common": [kind.name for kind in KINDS.values() if kind.is_common],
    }
    (folder / "modules.json").write_text(json.dumps(known, indent=2) + "\n")


def make(wasm: Path, dist: Path, folder: Path) -> None:
    demo = runpy.run_path(str(HERE.parent / "rotated_digits/demo.py"))
    images, labels = demo["digits"]()
    tests, adapting = demo["TEST_SAMPLES"], demo["ADAPT_SAMPLES"]
    train_x, train_y = images[tests:], labels[tests:]
    upright = demo["network"](seed=1)
    for _ in upright.fit(demo["real"](train_x), train_y, epochs=FLOAT_EPOCHS, lr=demo["RATE"]):
        pass
    parts = [(train_x[:adapting], train_y[:adapting]), (images[:tests], labels[:tests])]
    rotated = [(np.rot90(x, axes=(1, 2)), y) for x, y in parts]

    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in STATIC:
        source = HERE / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / name)
    shutil.copy(wasm, folder / "fqt.wasm")
    (folder / "samples.bin").write_bytes(samples_file(rotated))
    quantize(upright, demo["real"](train_x[:100])).write(folder / "digits.fqt")
    copy_modules(dist, folder / "board")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit("usage: make.py FQT.WASM DIST FOLDER")
    make(*map(Path, sys.argv[1:]))
