"""Makes what lies beside it: commands.fqt, a network that knows six commands in many voices;
speakers.npz, what features.py makes of four speakers whom it never heard, and of five voices like
those that it knows; and speaker.fqd, what a microphone hears of one of the four.

    apt install espeak-ng flite
    python train.py [FOLDER]

It takes minutes: most of them speak.
"""

from __future__ import annotations

import array
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from features import BANDS, FRAMES, SAMPLES, features
from speech import ACCENTS, COMMANDS, NEW_SPEAKERS, VARIANTS, many_voices, new_speaker

from fqt import Conv2D, Dense, Sequential, quantize
from fqt.samples.recordings import write_recording

TIMES = 6  # that each voice says each command
NEW_TIMES = 20
OTHERS = 3, 10, 17, 28, 39  # voices, by number, that are left out
EXAMPLE_SPEAKER = "rms"
EXAMPLE_COMMANDS = 108


def heard(sounds: np.ndarray) -> np.ndarray:
    """Features uint8 [n][FRAMES][BANDS][1] of int16 [n][SAMPLES]."""
    with ProcessPoolExecutor() as processes:
        found = list(processes.map(_features, sounds, chunksize=16))
    return np.frombuffer(b"".join(found), np.uint8).reshape(-1, FRAMES, BANDS, 1)


def _features(sound: np.ndarray) -> bytes:
    return bytes(features(array.array("h", sound.tolist()), bytearray(FRAMES * BANDS)))


def compressed(sounds: np.ndarray) -> np.ndarray:
    """int16 as uint8, by the mu-law of telephones (ITU-T G.711): the nearest of its 256 values."""
    codes = np.arange(256) ^ 0xFF
    sizes = (((codes & 15) << 3) + 132 << (codes >> 4 & 7)) - 132
    values = np.where(codes & 0x80, -sizes, sizes)
    order = np.argsort(values, kind="stable")
    middles = (values[order][1:] + values[order][:-1]) / 2
    return order[np.searchsorted(middles, sounds)].astype(np.uint8)


def main(folder: Path) -> None:
    rng = np.random.default_rng(1)
    sounds, y = many_voices(rng, TIMES)
    x = heard(sounds)
    number = np.arange(len(y)) // (TIMES * len(COMMANDS))
    assert number[-1] + 1 == len(ACCENTS) * len(VARIANTS)
    is_other = np.isin(number, OTHERS)
    layers = [
        Conv2D(8, 3, stride=2, padding=1, activation="relu"),
        Conv2D(16, 3, stride=2, padding=1, activation="relu"),
        Conv2D(16, 3, stride=2, padding=1, activation="relu"),
        Dense(len(COMMANDS)),
    ]
    net = Sequential(layers, x.shape[1:], seed=1, name="commands")
    known, known_y = x[~is_other] / np.float32(255), y[~is_other]
    for _ in net.fit(known, known_y, epochs=15, lr=0.02):
        pass
    others = x[is_other] / np.float32(255), y[is_other]
    print(f"voices that it learned from: {100 * net.evaluate(known, known_y):.1f} % right")
    print(f"others of their kind: {100 * net.evaluate(*others):.1f} % right")
    model = quantize(net, known[:200], labels=list(COMMANDS), note="features.py, 8000 Hz")
    model.write(folder / "commands.fqt")
    arrays = {"others_x": x[is_other], "others_y": y[is_other]}
    for name in NEW_SPEAKERS:
        sounds, y = new_speaker(rng, name, NEW_TIMES)
        if name == EXAMPLE_SPEAKER:
            few = compressed(sounds[:EXAMPLE_COMMANDS]).reshape(-1, 1, SAMPLES, 1)
            write_recording(folder / "speaker.fqd", few, y[:EXAMPLE_COMMANDS])
        arrays |= {f"{name}_x": heard(sounds), f"{name}_y": y}
    np.savez_compressed(folder / "speakers.npz", **arrays)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
