"""Where device tests run: a script and its files go there, its output and files come back."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

SCRIPTS = Path(__file__).parent / "device"
RUN_SECONDS = 300


class UnixPort:
    """MicroPython's unix port with the module, in a folder of its own."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.micropython = os.environ["FQT_MICROPYTHON"]
        self.environment = {**os.environ, "MICROPYPATH": os.environ["FQT_MPY_PATH"]}

    def command(self, script: Path) -> list[str]:
        """The command that runs a script of tests/device in the folder."""
        shutil.copy(script, self.folder)
        return [self.micropython, script.name]

    def run(self, script: Path) -> str:
        """Run a script of tests/device; give what it printed. Raises AssertionError with its
        output when it fails."""
        result = subprocess.run(
            self.command(script),
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS,
        )
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    def run_code(self, code: str) -> str:
        """The same for a script that is given as text."""
        script = self.folder / "code" / "script.py"
        script.parent.mkdir(exist_ok=True)
        script.write_text(code)
        return self.run(script)

    def put(self, name: str, data: bytes) -> None:
        (self.folder / name).write_bytes(data)

    def get(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()
