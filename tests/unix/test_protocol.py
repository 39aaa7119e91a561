"""A model is used in the same way on a device, in the core on the host, and in the reference, and
says the same."""

import contextlib
import io
import runpy

import numpy as np
import pytest
from ports import SCRIPTS, UnixPort

from fqt import core
from fqt.reference import Network
from models import Layer, random_model, random_samples

BATCHES = (1, 3)


def files():
    layers = [Layer("conv2d", 8, (3, 3), (2, 2)), Layer("conv2d", 12, (2, 2)), Layer("dense", 3)]
    labels = random_model(layers, (8, 8, 1), 3)
    labels.labels, labels.note = ("yes", "", "vielleicht ändern"), "16 kHz,\n25 ms"
    layers = [Layer("dense", 9), Layer("dense", 2)]
    numbers = random_model(layers, (3, 4, 1), 4, "int8", loss="mean_squared_error")
    layers = [Layer("conv2d", 4, (2, 2)), Layer("dense", 3)]
    units = random_model(layers, (3, 2, 2), 5, loss="mean_squared_error")
    units.note = "the first hour of a day"
    units.input_map = np.float32([[120, 60], [-7.5, 200]])
    units.input_scale, units.input_zero_point = 0.03, -20
    units.output_map = np.float32([[350000, 120000], [1013.25, 9.5], [1e-5, 3e-6]])
    return {
        "labels.fqt": labels.to_bytes(),
        "labels.x": random_samples(labels, 4).tobytes(),
        "numbers.fqt": numbers.to_bytes(),
        "numbers.x": random_samples(numbers, 3).tobytes(),
        "units.fqt": units.to_bytes(),
    }


@pytest.fixture(scope="module")
def on_device(tmp_path_factory):
    """What the script prints and saves on the unix port."""
    port = UnixPort(tmp_path_factory.mktemp("device"))
    for batch in BATCHES:
        for name, data in files().items():
            port.put(f"{batch}{name}", data)
    printed = port.run(SCRIPTS / "protocol.py")
    return printed, {path.name: path.read_bytes() for path in port.folder.glob("*.out")}


@pytest.mark.parametrize("kind", [core.Model, Network], ids=["core", "reference"])
def test_one_script_runs_on_all_models(kind, on_device, tmp_path):
    script = runpy.run_path(str(SCRIPTS / "protocol.py"))
    printed = io.StringIO()
    for batch in BATCHES:
        for name, data in files().items():
            (tmp_path / f"{batch}{name}").write_bytes(data)
        with contextlib.redirect_stdout(printed):
            script["run"](kind, f"{tmp_path}/{batch}", batch)
    assert printed.getvalue().splitlines() == on_device[0].splitlines()
    assert "taken" not in printed.getvalue()
    assert {path.name: path.read_bytes() for path in tmp_path.glob("*.out")} == on_device[1]
