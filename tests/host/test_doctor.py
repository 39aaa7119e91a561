"""`fqt doctor`: what is there, and what does not fit together."""

import os
from pathlib import Path

import pytest

from fqt import __version__, places
from fqt.cli import main
from fqt.desk import doctor
from fqt.run import library


def test_it_names_what_is_here_and_finds_nothing_wrong(capsys):
    code = main(["doctor"])
    said = capsys.readouterr().out
    lines = {line.split()[0]: line for line in said.splitlines() if line[:1].strip()}
    assert __version__ in lines["fqt"] and "checkout" in lines["fqt"]
    assert __version__ in lines["core"] and os.environ["FQT_CORE_LIB"] in lines["core"]
    assert f"fqt {__version__}" in lines["MicroPython"]
    assert "numpy 2" in lines["packages"] and "matplotlib 3" in lines["[plot]"]
    assert code == (1 if "!" in said else 0)


def test_a_library_of_another_version_is_told(monkeypatch, capsys):
    class Old:
        _name = "old.so"

        @staticmethod
        def fqt_host_version():
            return b"0.1.0"

    monkeypatch.setattr(doctor, "library", Old)
    assert doctor.core().wrong.startswith(f"it is of 0.1.0, fqt of {__version__}: ")
    assert "make core" in doctor.core().wrong


def test_a_missing_library_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("FQT_CORE_LIB", str(tmp_path / "none.so"))
    library.library.cache_clear()
    assert "make core" in doctor.core().wrong


def module_of(folder: Path, version: bytes) -> Path:
    path = folder / "armv6m_6.3" / "fqt.mpy"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"M\x06\x13\x1f" + b"\x05" + version + b"\0code")
    return path


@pytest.mark.parametrize("other", [b"0.1.0", b"1" + __version__.encode(), b"none"])
def test_modules_of_another_version_are_told(other, tmp_path):
    module_of(tmp_path, __version__.encode())
    assert not any(finding.wrong for finding in doctor.modules(tmp_path))
    path = module_of(tmp_path, other)
    wrong = [finding for finding in doctor.modules(tmp_path) if finding.wrong]
    assert [finding.found for finding in wrong] == [str(path)]


def test_no_modules_are_told(tmp_path):
    (finding,) = doctor.modules(tmp_path)
    assert "make dist" in finding.wrong


@pytest.mark.parametrize("version", ["0.1.0", __version__])
def test_the_built_modules_tell_their_version(version):
    module = Path(os.environ["FQT_BUILD"]) / "natmod" / "x64" / "fqt.mpy"
    assert doctor.is_of(module, version) == (version == __version__)


def test_micropython_with_an_older_module_is_told(monkeypatch, tmp_path):
    (tmp_path / "fqt.py").write_text("__version__ = '0.1.0'\n")
    monkeypatch.setenv("FQT_MPY_PATH", str(tmp_path))
    assert f"it is of 0.1.0, fqt of {__version__}" in doctor.micropython().wrong


def test_a_micropython_that_is_named_and_missing_is_told(monkeypatch):
    monkeypatch.setenv("FQT_MICROPYTHON", "/nowhere/micropython")
    assert "there is no program /nowhere/micropython" in doctor.micropython().wrong


def test_missing_packages_are_told_with_what_installs_them(monkeypatch):
    """Those of extras are no fault; the others are."""
    known = doctor.version_of
    monkeypatch.setattr(
        doctor, "version_of", lambda name: None if name in ("matplotlib", "numpy") else known(name)
    )
    found = {finding.what: finding for finding in doctor.packages()}
    assert "matplotlib missing (pip install 'fqt-host[plot]')" in found["[plot]"].found
    assert not found["[plot]"].wrong and found["packages"].wrong == "pip install numpy"


@pytest.mark.parametrize(
    ("answer", "found", "wrong"),
    [
        (f"fqt free 9000\r\nfqt module {__version__} /lib/fqt.mpy\r\n", "/lib/fqt.mpy", ""),
        ("fqt free 9000\r\nfqt module 0.1.0 fqt.mpy\r\n", "fqt 0.1.0", "it is of 0.1.0"),
        ("fqt free 9000\r\nfqt none\r\n", "no fqt; 9000 bytes", "fqt install"),
        ("fqt free 9000\r\nValueError: incompatible .mpy\r\n", "9000", "incompatible .mpy"),
    ],
)
def test_what_a_board_has(answer, found, wrong):
    finding = doctor.understood(answer)
    assert found in finding.found
    assert wrong in finding.wrong and bool(wrong) == bool(finding.wrong)


def test_a_port_without_a_board_is_told(capsys):
    assert main(["doctor", "--port", "/nowhere/ttyACM0"]) == 1
    assert "! " in capsys.readouterr().out


def test_the_stub_and_the_demo_are_at_their_places():
    assert places.stubs().exists()
    assert (places.examples() / "rotated_digits" / "digits.npz").exists()
