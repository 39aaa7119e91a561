"""Tables that scripts write into Markdown files, between two comments."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
END = "<!-- end -->"


def table_in(path: Path, script: str) -> str:
    """What is between <!-- made by SCRIPT --> and <!-- end -->. Raises ValueError without that
    place."""
    found = _place(script).search(path.read_text())
    if not found:
        raise ValueError(f"{path} has no {_start(script)} ... {END}")
    return found[1]


def replace_table(path: Path, script: str, table: str) -> None:
    """Put a table into that place. Raises ValueError without it."""
    table_in(path, script)
    whole = f"{_start(script)}\n{table}\n{END}"
    path.write_text(_place(script).sub(lambda _: whole, path.read_text()))


def _start(script: str) -> str:
    return f"<!-- made by {script} -->"


def _place(script: str) -> re.Pattern:
    return re.compile(f"{re.escape(_start(script))}\n?(.*?)\n?{re.escape(END)}", re.S)
