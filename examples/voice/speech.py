"""Speaks the commands with Debian's speech synthesizers, in many voices: no recording of people
that is free to ship was at hand, so that all speech of this example is SYNTHETIC.

Voices to learn from are eSpeak NG's, which makes sounds from formants: eight variants in five
accents, each with a pitch of its own. The new speakers are Flite's slt, rms, awb and kal16, models
of the recorded voices of four people (Carnegie Mellon University). Pace and pitch differ from one
time to the next; so do the noise, how loud it is and where in the window a command begins.
"""

from __future__ import annotations

import subprocess
import tempfile
import wave
from pathlib import Path

import numpy as np
from features import SAMPLES

COMMANDS = "yes", "no", "left", "right", "stop", "go"
RATE = 8000
NEW_SPEAKERS = "slt", "rms", "awb", "kal16"
ACCENTS = "en-us", "en-gb", "en-gb-scotland", "en-gb-x-rp", "en-us-nyc"
VARIANTS = "m1", "m3", "m5", "m7", "f1", "f2", "f3", "f4"
QUIET = 0.02  # of the peak: what is below at the ends is cut off


def _read(path: Path) -> np.ndarray:
    with wave.open(str(path)) as file:
        rate = file.getframerate()
        sound = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(float)
    # To 8000 a second, with what is above 4000 Hz taken out.
    spectrum = np.fft.rfft(sound)
    spectrum[int(len(sound) / rate * RATE / 2) :] = 0
    smooth = np.fft.irfft(spectrum, len(sound))
    times = np.arange(int(len(sound) * RATE / rate)) * (rate / RATE)
    return np.interp(times, np.arange(len(sound)), smooth)


def _without_silence(sound: np.ndarray) -> np.ndarray:
    loud = np.flatnonzero(np.abs(sound) > QUIET * np.abs(sound).max())
    return sound[loud[0] : loud[-1] + 1]


def _spoken(command: list[str], path: Path) -> np.ndarray:
    subprocess.run(command, check=True)
    return _without_silence(_read(path))


def espeak(word: str, voice: str, pitch: float, pace: float, path: Path) -> np.ndarray:
    """voice: an accent and a variant, as in "en-us+f3". pitch: 0 to 99. pace: 1 is usual."""
    options = ["-v", voice, "-p", f"{pitch:.0f}", "-s", f"{165 * pace:.0f}", "-w", str(path)]
    return _spoken(["espeak-ng", *options, word], path)


def flite(word: str, voice: str, pitch: float, pace: float, path: Path) -> np.ndarray:
    """pitch: in Hz."""
    options = [f"duration_stretch={1 / pace:.3f}", f"int_f0_target_mean={pitch:.1f}"]
    set_options = [part for option in options for part in ("--setf", option)]
    return _spoken(["flite", "-voice", voice, *set_options, "-t", word, "-o", str(path)], path)


def heard(sound: np.ndarray, rng) -> np.ndarray:
    """What a microphone makes of it, int16 [SAMPLES]: somewhere in the window, some 10 to 30 dB
    above noise that is stronger at low frequencies, as that of rooms is."""
    sound = sound[:SAMPLES]
    begin = rng.integers(0, SAMPLES - len(sound) + 1)
    noise = rng.normal(size=SAMPLES + 1)
    noise = noise[1:] + 0.9 * noise[:-1]
    loudness = np.sqrt(np.mean(sound**2))
    noise *= loudness / np.sqrt(np.mean(noise**2)) * 10 ** (-rng.uniform(10, 30) / 20)
    noise[begin : begin + len(sound)] += sound
    noise *= rng.uniform(0.05, 0.7) * 32767 / np.abs(noise).max()
    return np.round(noise).astype(np.int16)


def many_voices(rng, times: int) -> tuple[np.ndarray, np.ndarray]:
    """Each command so many times in each of eSpeak's voices, one voice after another: int16
    [n][SAMPLES], labels [n]."""
    x, y = [], []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "said.wav"
        for accent in ACCENTS:
            for variant in VARIANTS:
                pitch = rng.uniform(20, 80)
                for label, word in enumerate(COMMANDS):
                    for _ in range(times):
                        own = np.clip(pitch + rng.normal(0, 8), 0, 99)
                        pace = rng.uniform(0.8, 1.3)
                        sound = espeak(word, f"{accent}+{variant}", own, pace, path)
                        x.append(heard(sound, rng))
                        y.append(label)
    return np.array(x), np.array(y)


PITCHES = {"slt": 170.0, "rms": 95.0, "awb": 120.0, "kal16": 105.0}  # Hz


def new_speaker(rng, voice: str, times: int) -> tuple[np.ndarray, np.ndarray]:
    """The same of a new speaker, in a random order in which each command comes as often."""
    x, y = [], []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "said.wav"
        for _ in range(times):
            for label in rng.permutation(len(COMMANDS)):
                pitch = PITCHES[voice] * rng.normal(1, 0.1)
                pace = rng.uniform(0.8, 1.3)
                x.append(heard(flite(COMMANDS[label], voice, pitch, pace, path), rng))
                y.append(label)
    return np.array(x), np.array(y)
