"""The example voice: features have the same bits on the device and on the desk, and are what
float64 makes of a sound; the network learns its speaker as its README says."""

import numpy as np
import pytest
from voice import EXAMPLE, HEARS, check_heard, desk, example_files, heard, right, sounds

COMMANDS = 108


@pytest.fixture
def port(unix_port):
    for name, data in example_files(COMMANDS).items():
        unix_port.put(name, data)
    return unix_port


def test_features_have_the_same_bits_on_the_device_and_the_desk(port):
    check_heard(port.run_code(HEARS))


def test_features_are_the_logarithms_of_the_bands_powers():
    module = desk()
    sound = sounds()[1]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(module.FRAME) / module.FRAME)
    wanted = []
    for frame in range(module.FRAMES):
        part = sound[frame * module.HOP :][: module.FRAME]
        powers = np.abs(np.fft.fft(part * window)) ** 2
        ends = zip(module.EDGES, module.EDGES[1:], strict=False)
        wanted += [16 * np.log2(powers[first:end].sum()) for first, end in ends]
    wanted = np.maximum(np.array(wanted) - max(wanted) + 255, 0)
    difference = np.abs(np.frombuffer(heard(sound), np.uint8) - wanted)
    assert difference.max() < 4 and difference.mean() < 0.8  # of 255, 0.19 dB each


@pytest.mark.parametrize("sample", [0, 32767, -32768])
def test_silence_and_the_loudest_have_features(sample):
    module = desk()
    assert len(heard(np.full(module.SAMPLES, sample, np.int16))) == module.FRAMES * module.BANDS


def test_it_learns_its_speaker_as_its_readme_says(port):
    printed = port.run(EXAMPLE / "main.py")
    assert right("after", printed) > 1.5 * right("before", printed)
    readme = (EXAMPLE / "README.md").read_text()
    lines = [line for line in printed.splitlines() if not line.startswith("features of")]
    assert [line for line in lines if f"    {line}\n" not in readme] == []
