"""A core with some of the layer kinds alone (-DFQT_KINDS, tools/chosen_kinds.py): it runs networks
of these as the whole core does, and refuses others by name."""

import os
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest

from fqt.device import install as installer
from fqt.kinds import KINDS
from fqt.run import core, info
from fqt.run.library import library
from models import Layer, random_model, random_samples

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import chosen_kinds  # noqa: E402

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Werror"]
# A network of each kind, with no other but the dense layer that ends it; 4x4x2 inputs.
NETWORKS = {
    "dense": [Layer("dense", 5)],
    "conv2d": [Layer("conv2d", 4, (3, 3))],
    "depthwise_conv2d": [Layer("depthwise_conv2d", 2, (2, 2))],
    "max_pool2d": [Layer("max_pool2d", 0, (2, 2), (2, 2))],
    "average_pool2d": [Layer("average_pool2d", 0, (2, 2), (2, 2))],
    "flatten": [Layer("flatten")],
    "table": [Layer("table", activation="tanh")],
    "upsample2d": [Layer("upsample2d", 0, (2, 2), (2, 2))],
    "lstm": [Layer("lstm", 3)],
    "gru": [Layer("gru", 3)],
    "add": [Layer("dense", 4), Layer("dense", 4), Layer("add", inputs=(1, 2))],
    "multiply": [Layer("dense", 4), Layer("dense", 4), Layer("multiply", inputs=(1, 2))],
    "concatenate": [Layer("dense", 4), Layer("dense", 3), Layer("concatenate", inputs=(1, 2))],
}


def model_of(kind):
    return random_model([*NETWORKS[kind], Layer("dense", 3)], (4, 4, 2), seed=21)


@pytest.fixture(scope="session")
def core_with(tmp_path_factory):
    """Build the core with some kinds alone; `open(model)` opens a model on it."""
    folder = tmp_path_factory.mktemp("cores")

    def build(*names):
        path = folder / f"{'-'.join(names)}.so"
        if not path.exists():
            command = ["gcc", "-std=c99", "-O1", "-pthread", "-fPIC", "-shared", *WARNINGS]
            command += [chosen_kinds.define(list(names)), "-o", path]
            subprocess.run([*command, ROOT / "natmod/host/fqt_host.c"], check=True)

        def opened(model):
            with patch.object(core, "library", lambda: library(str(path))):
                return core.Model(model)

        return opened

    return build


def trained(net):
    model = model_of("conv2d")
    x = random_samples(model, 8, 3)
    net.train_many(x, np.arange(8) % 3, np.arange(16) % 8, 0.02)
    return net.to_bytes()


def test_the_names_are_those_of_the_host():
    assert chosen_kinds.numbers() == {name: kind.number for name, kind in KINDS.items()}
    common = [name for name, kind in KINDS.items() if kind.is_common]
    assert list(chosen_kinds.chosen(["common"])) == common
    assert list(chosen_kinds.chosen(["all"])) == list(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_core_with_one_kind_runs_it_and_refuses_the_others(core_with, kind):
    """Whatever only others use is left out without a warning."""
    kinds = [kind] if kind == "dense" else ["dense", kind]
    opened = core_with(*kinds)
    assert trained(opened(model_of(kind))) == trained(core.Model(model_of(kind)))
    for other in set(KINDS) - set(kinds):
        layer = len(NETWORKS[other])
        with pytest.raises(ValueError) as refused:
            opened(model_of(other))
        assert str(refused.value) == (
            f"layer {layer}: this module has no {other}: `fqt install MODEL` brings one that has, "
            "or make natmod KINDS=..."
        )


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["dense", "convolution"], "there is no 'convolution': choose common, all, or some of de"),
        (["flatten"], "a network ends with a layer with weights: name dense, conv2d or"),
        ([], "a network ends with a layer with weights"),
    ],
)
def test_what_cannot_be_chosen_is_said(names, message):
    with pytest.raises(ValueError, match=message):
        chosen_kinds.define(names)


@pytest.mark.slow
def test_a_module_with_one_kind_under_micropython(unix_port):
    """`make natmod KINDS=` builds it in a folder of its own."""
    make = ["make", "-C", str(ROOT), "natmod", "ARCH=x64", "KINDS=dense"]
    built = Path(os.environ["FQT_BUILD"]) / "natmod_dense" / "x64" / "fqt.mpy"
    subprocess.run(make, check=True, capture_output=True)
    assert built.exists()
    unix_port.environment["MICROPYPATH"] = str(built.parent)
    unix_port.put("dense.fqt", model_of("dense").to_bytes())
    unix_port.put("conv2d.fqt", model_of("conv2d").to_bytes())
    printed = unix_port.run_code(
        "import fqt\n"
        "print(fqt.kinds)\n"
        "fqt.Model('dense.fqt').train(bytes(32), 1)\n"
        "try:\n    fqt.Model('conv2d.fqt')\nexcept ValueError as error:\n    print(error)\n"
    )
    assert printed.splitlines() == [
        "('dense',)",
        "layer 1: this module has no conv2d: `fqt install MODEL` brings one that has, "
        "or make natmod KINDS=...",
    ]


def test_the_module_tells_its_kinds(unix_port):
    """That for the desk has all of them."""
    printed = unix_port.run_code("import fqt\nprint(fqt.kinds)\n")
    assert printed.strip() == repr(tuple(chosen_kinds.chosen(["all"])))


def test_the_module_is_chosen_by_the_model(tmp_path):
    """For `fqt install` and `fqt info`: a kind that the common module lacks needs the full one."""
    models = [model_of("dense"), model_of("multiply")]
    assert not installer.needs_full(models)
    assert "module: the common one has all of its layer kinds" in info.table(models[1])
    models.append(model_of("upsample2d"))
    assert installer.needs_full(models)
    assert "module: the full one, with upsample2d (" in info.table(models[2])
    assert info.describe(models[2])["beyond_common_module"] == ["upsample2d"]
    loader = installer.Loader("armv6m", (6, 3), (1, 26))
    for full, name in ((False, "armv6m_6.3"), (True, "armv6m_6.3_full")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "fqt.mpy").touch()
        assert installer.module_for(loader, tmp_path, full) == tmp_path / name / "fqt.mpy"
