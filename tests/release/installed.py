"""A virtual environment outside of the checkout, with one wheel in it and no tool to build
with."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

COMMAND_SECONDS = 300
BIN = "Scripts" if sys.platform == "win32" else "bin"


class Installed:
    """A wheel in an empty environment. What it depends on is taken from this Python's, by a line
    in a .pth file: pip has no index to ask here."""

    def __init__(self, wheel: Path, folder: Path):
        self.work = folder / "work"
        self.work.mkdir(parents=True)
        self.venv = folder / "venv"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", self.venv], check=True)
        self.python = self.venv / BIN / "python"
        install = [sys.executable, "-m", "pip", "--python", self.python, "install", "--quiet"]
        install += ["--disable-pip-version-check", "--no-index", "--no-deps", wheel]
        subprocess.run(install, check=True)
        site = "import sysconfig; print(sysconfig.get_path('purelib'))"
        self.site = Path(subprocess.check_output([self.python, "-c", site], text=True).strip())
        (self.site / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")

    def run(self, *command: str, check: bool = True, **variables: str) -> tuple[int, str]:
        """Run a command of the environment in an empty folder: exit code, and all that it printed.
        Nothing else is on the PATH."""
        environment = {"PATH": str(self.venv / BIN), "HOME": str(self.work), **variables}
        result = subprocess.run(
            [self.venv / BIN / command[0], *command[1:]],
            cwd=self.work,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=COMMAND_SECONDS,
        )
        if check:
            assert result.returncode == 0, result.stdout
        return result.returncode, result.stdout

    def fqt(self, *arguments: str, **variables: str) -> str:
        return self.run("fqt", *arguments, **variables)[1]
