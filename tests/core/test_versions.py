"""Files of each released version of the format go on loading, and mean the same. tests/data
has a model of each version, and a checkpoint of a later state of it."""

import re
from pathlib import Path

import numpy as np
import pytest
from forge import HEADER, sealed
from ports import SCRIPTS

from fqt.file.layout import MAJOR, MINOR
from fqt.model_file import ModelFile, ModelFileError
from fqt.reference import Network
from fqt.run import core

DATA = Path(__file__).resolve().parents[1] / "data"
FILE_H = Path(__file__).resolve().parents[2] / "natmod/core/model/fqt_file.h"
SAMPLE = (np.arange(16) * 16).astype(np.uint8).reshape(4, 4, 1)
# Scores for the sample in units of 1 / 65536: of the model, and with the checkpoint.
OUTPUTS = {
    "2.0": ([5899, 3898, 12768], [7357, 4797, 11039]),
    "2.1": ([66419888, -1273410, -7], [66309208, -1278095, -6]),  # has maps, low halves
    "2.2": ([21814, -4736, 1511], [5379, 5512, -16821]),  # has 71 layers
    "2.3": ([1467, 1743, 4572], [4691, 7339, -6612]),  # has tables
    "2.4": (  # has classes of pixels
        [-1880, -11575, -4028, -11346, 133331, -47867, 126478, -44328],
        [-38245, 4894, -42856, 8318, 14505, 12055, -4103, 17075],
    ),
    "2.5": ([15011, 2265, 11495], [71008, 63395, -20916]),  # has an LSTM, and a table of GELU
    "2.6": ([179650, -48297, -39622], [17367, 9382, 5519]),  # has GRUs
}


def scores_of(model):
    return [round(score * 65536) for score in model.scores(SAMPLE)]


def file_of(kind, version):
    return (DATA / f"{kind}_{version}.fqt").read_bytes()


def with_version(data, major, minor):
    header = np.frombuffer(data[:64], HEADER).copy()
    header["major"], header["minor"] = major, minor
    return sealed(header.tobytes() + data[64:-4])


def test_each_version_has_its_files():
    assert f"{MAJOR}.{MINOR}" in OUTPUTS
    assert {path.stem.split("_")[1] for path in DATA.glob("*.fqt")} == set(OUTPUTS)


def test_core_and_host_write_the_same_version():
    defined = dict(re.findall(r"#define FQT_FILE_(M\w+) \((\d+)\)", FILE_H.read_text()))
    assert (int(defined["MAJOR"]), int(defined["MINOR"])) == (MAJOR, MINOR)


@pytest.mark.parametrize("version", OUTPUTS)
def test_the_desk_loads_it(version):
    data, checkpoint = file_of("model", version), file_of("checkpoint", version)
    before, after = OUTPUTS[version]
    assert scores_of(Network(ModelFile.from_bytes(data), 16)) == before
    assert ModelFile.from_bytes(checkpoint).checkpoint
    for in_place in (False, True):
        model = core.Model(data, 16, in_place=in_place)
        assert scores_of(model) == before
        model.restore(checkpoint)
        assert scores_of(model) == after
        assert ModelFile.from_bytes(model.to_bytes()).name == "random"


@pytest.mark.parametrize("version", OUTPUTS)
def test_micropython_loads_it(version, unix_port):
    for kind in ("model", "checkpoint"):
        unix_port.put(f"{kind}.fqt", file_of(kind, version))
    unix_port.put("sample.bin", SAMPLE.tobytes())
    said = unix_port.run(SCRIPTS / "versions.py").split("\n")
    for line, outputs in zip(said, OUTPUTS[version], strict=False):
        assert [round(float(output) * 65536) for output in line.split()] == outputs


def test_another_minor_version_loads_and_another_major_one_does_not():
    """A file says what it needs by values that are refused where they are not known: those of a
    newer minor version load when they have none."""
    data = with_version(file_of("model", "2.0"), MAJOR, MINOR)
    for minor in (0, 255):
        newer = with_version(data, MAJOR, minor)
        assert core.Model(newer, 16).to_bytes() == data
        assert ModelFile.from_bytes(newer).to_bytes() == data
    for major, minor in ((MAJOR + 1, 0), (MAJOR - 1, 3), (0, 0)):
        for reader in (core.Model, ModelFile.from_bytes):
            said = f"version {major}.{minor}, this module reads {MAJOR}.x: make it anew with"
            with pytest.raises(ModelFileError, match=said):
                reader(with_version(data, major, minor))
