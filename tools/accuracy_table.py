#!/usr/bin/env python3
"""Write the table of docs/accuracy.md from build/accuracy.json, which `make accuracy` makes. Rows
of experiments that were not run stay as they are, with the mark of those made by older code when
they have it."""

import json
from pathlib import Path

from tables import ROOT, replace_table, table_in

from fqt.experiment.report import table

SCRIPT = "tools/accuracy_table.py"
OLDER = "†"  # docs/accuracy.md says by what code


def experiment_of(line: str) -> str:
    return line.split("|")[1].replace(OLDER, "").strip()


def merge(document: Path, made: str) -> None:
    """Put the rows of a table into the document's: by experiment, in the order that they have."""
    header, rule, *lines = made.splitlines()
    run = {experiment_of(line) for line in lines}
    _, _, *others = table_in(document, SCRIPT).splitlines()
    lines += [line for line in others if experiment_of(line) not in run]
    lines.sort(key=experiment_of)
    replace_table(document, SCRIPT, "\n".join([header, rule, *lines]))


def main() -> None:
    rows = json.loads((ROOT / "build/accuracy.json").read_text())["rows"]
    merge(ROOT / "docs/accuracy.md", table(rows))


if __name__ == "__main__":
    main()
