"""`fqt stub`: the interface of the device's module, for editors and type checkers.

Host and device both call their package fqt. In a project for a device the stub in `typings`, where
editors and mypy look before they look at what is installed, is the one that counts
(docs/editors.md).
"""

from __future__ import annotations

from pathlib import Path

from fqt import places
from fqt.files import write_bytes

FIRST_WORDS = b'"""Quantized neural networks that train on the microcontroller'


def write_stub(project: Path) -> str:
    """Write typings/fqt.pyi in a project; return what was done. Raises OSError when the project is
    no folder, or has an fqt.pyi that is not this module's."""
    if not project.is_dir():
        raise OSError(f"there is no folder {project}")
    content = places.stubs().read_bytes()
    path = project / "typings" / "fqt.pyi"
    if path.exists() and not path.read_bytes().startswith(FIRST_WORDS):
        raise OSError(f"{path} is there, and not of fqt: move it away")
    path.parent.mkdir(exist_ok=True)
    write_bytes(path, content)
    return (
        f"{path} is the interface of the module on the device. An editor that has {project} open "
        "as its folder finds it; for mypy: mypy_path = typings"
    )
