#!/usr/bin/env python3
"""Write the table of docs/accuracy.md from build/accuracy.json, which `make accuracy` makes."""

import json

from tables import ROOT, replace_table

from fqt.experiment.report import table


def main() -> None:
    rows = json.loads((ROOT / "build/accuracy.json").read_text())["rows"]
    replace_table(ROOT / "docs/accuracy.md", "tools/accuracy_table.py", table(rows))


if __name__ == "__main__":
    main()
