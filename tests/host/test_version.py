"""One version, from the file VERSION, everywhere it is told."""

import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import fqt
from fqt.cli import main

ROOT = Path(__file__).parents[2]
VERSION = (ROOT / "VERSION").read_text().strip()


def test_the_host_tools_tell_it(capsys):
    assert fqt.__version__ == version("fqt-host") == VERSION
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out.strip() == VERSION


def test_the_module_tells_it(unix_port):
    command = [unix_port.micropython, "-c", "import fqt; print(fqt.__version__)"]
    result = subprocess.run(command, env=unix_port.environment, capture_output=True, text=True)
    assert result.stdout.strip() == VERSION


def test_packages_for_mip_tell_it(tmp_path):
    for name in ("fqt.mpy", "fqt_data.mpy", "fqt_field.mpy"):
        (tmp_path / name).write_bytes(bytes([ord("M"), 6, 3, 31]))
    command = [sys.executable, ROOT / "tools" / "make_dist.py", "x64", tmp_path / "fqt.mpy"]
    subprocess.run([*command, tmp_path / "dist"], check=True, capture_output=True)
    package = json.loads((tmp_path / "dist" / "x64_6.3" / "package.json").read_text())
    assert package["version"] == VERSION


def test_the_changelog_begins_with_it():
    headings = [
        line for line in (ROOT / "CHANGELOG.md").read_text().splitlines() if line[:3] == "## "
    ]
    assert headings[0].startswith(f"## {VERSION}")
