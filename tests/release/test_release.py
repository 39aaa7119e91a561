"""The folder of `make release`: what is in it, and that it is the same wherever it is made."""

import functools
import hashlib
import http.server
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import threading
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BUILD = Path(os.environ.get("FQT_BUILD", ROOT / "build"))
RELEASE = BUILD / "release"
VERSION = (ROOT / "VERSION").read_text().strip()
pytestmark = pytest.mark.slow


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "SHA256SUMS"
    }


def test_the_digests_are_those_of_all_files():
    lines = (RELEASE / "SHA256SUMS").read_text().splitlines()
    told = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    assert told == digests(RELEASE)
    kinds = ("fqt_host-*.whl", "fqt_host-*.tar.gz", "micropython_fqt_stubs-*.whl", "mip/*/*.json")
    for kind in kinds:
        assert list(RELEASE.glob(kind)), kind


def test_the_changes_are_this_versions():
    text = (RELEASE / f"CHANGES-{VERSION}.md").read_text()
    assert text.startswith(f"## {VERSION}") and text.count("\n## ") == 0 and "* " in text


def test_the_source_distribution_builds_the_same_wheel(tmp_path):
    """As pip does where there is no wheel for a platform."""
    (source,) = RELEASE.glob(f"fqt_host-{VERSION}.tar.gz")
    (wheel,) = RELEASE.glob(f"fqt_host-{VERSION}-*_{platform.machine()}.whl")
    with zipfile.ZipFile(wheel) as archive:
        built = {info.filename: archive.read(info) for info in archive.infolist()}
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-index", "--no-deps"]
    command += ["--no-build-isolation", "--wheel-dir", tmp_path, source]
    subprocess.run(command, check=True)
    with zipfile.ZipFile(tmp_path / wheel.name) as archive:
        again = {info.filename: archive.read(info) for info in archive.infolist()}
    assert again == built


def test_the_source_distribution_has_no_builds_and_no_data_of_this_machine():
    (source,) = RELEASE.glob(f"fqt_host-{VERSION}.tar.gz")
    with tarfile.open(source) as archive:
        names = [member.name.split("/", 1)[1] for member in archive]
        assert {(member.uid, member.uname, member.mtime) for member in archive} == {
            (0, "", archive.getmembers()[0].mtime)
        }
    assert not [name for name in names if name.startswith("build/") or "__pycache__" in name]
    for needed in ("natmod/core/fqt_core_all.c", "natmod/Makefile", "setup.py", "LICENSE"):
        assert needed in names


def copy_of_the_checkout(to: Path) -> None:
    """The sources, and of the builds what is not made of these: MicroPython, compilers, Python."""
    listed = subprocess.check_output(
        ["git", "-C", ROOT, "ls-files", "--cached", "--others", "--exclude-standard"], text=True
    )
    for name in listed.splitlines():
        if (ROOT / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, to / name)
    (to / "build").mkdir()
    for path in BUILD.iterdir():
        if not path.name.startswith(("natmod", "release", "setuptools", "log", "lib")):
            (to / "build" / path.name).symlink_to(path.resolve())


@pytest.mark.timeout(1800)
def test_two_releases_from_different_folders_are_equal(tmp_path):
    """Modules, libraries and packages are all made anew, in another folder."""
    source = tmp_path / "another_folder"
    copy_of_the_checkout(source)
    git = ["git", "-C", ROOT, "log", "-1", "--format=%ct"]
    date = subprocess.check_output(git, text=True).strip()
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("FQT_", "MAKE"))
    }
    made = subprocess.run(
        ["make", "-C", source, "release"],
        env={**environment, "SOURCE_DATE_EPOCH": date},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert made.returncode == 0, made.stdout[-3000:]
    assert digests(source / "build" / "release") == digests(RELEASE)


@pytest.fixture
def server():
    """The release folder over HTTP, as a web server or a release page has it."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

    handler = functools.partial(Quiet, directory=str(RELEASE))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_the_stubs_install_to_the_folder_that_editors_look_in(tmp_path):
    (wheel,) = RELEASE.glob(f"micropython_fqt_stubs-{VERSION}-*.whl")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps"]
    subprocess.run([*command, "--target", tmp_path / "typings", wheel], check=True)
    stub = tmp_path / "typings" / "fqt.pyi"
    assert stub.read_bytes() == (ROOT / "micropython_lib" / "fqt.pyi").read_bytes()
    assert not list((tmp_path / "typings").glob("*.py"))


def test_mip_installs_the_module_over_http(server, tmp_path):
    """MicroPython's own mip, in a MicroPython with it: as a board with a network does it."""
    micropython = Path(sys.executable).with_name("micropython")
    library = tmp_path / "lib"
    library.mkdir()
    code = f"import mip; mip.install('{server}/mip/x64_6.3/package.json', target='{library}')"
    environment = {"PATH": "", "MICROPYPATH": f".frozen:{library}"}
    for command in (code, "import fqt; print(fqt.__version__)"):
        result = subprocess.run(
            [micropython, "-c", command],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.strip() == VERSION
    assert (library / "fqt.mpy").read_bytes() == (RELEASE / "mip/x64_6.3/fqt.mpy").read_bytes()
