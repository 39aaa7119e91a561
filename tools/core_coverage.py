#!/usr/bin/env python3
"""Which lines of the C core ran, by gcov: a line a file, and the lines that did not run.

tools/core_coverage.py FOLDER    the folder with the .gcda and .gcno files (`make coverage`)
"""

import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from posixpath import normpath


def ran(folder: Path) -> dict[str, dict[int, int]]:
    """For each file of the core, how often each of its lines ran."""
    counts: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for data in folder.glob("*.gcda"):
        command = ["gcov", "--json-format", "--stdout", data.name]
        output = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
        for line in output.stdout.splitlines():
            for file in json.loads(line)["files"]:
                if "/core/" in file["file"]:
                    name = normpath(file["file"].split("/core/")[1])
                    for one in file["lines"]:
                        counts[name][one["line_number"]] += one["count"]
    return counts


def ranges(numbers: list[int]) -> str:
    """1, 2, 3, 7 as "1-3, 7"."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][1] + 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ", ".join(f"{first}-{last}" if last > first else str(first) for first, last in parts)


def main(folder: Path) -> None:
    counts = ran(folder)
    if not counts:
        sys.exit(f"no counts in {folder}: run the tests with its library first (`make coverage`)")
    covered = total = 0
    for name, lines in sorted(counts.items()):
        missed = sorted(number for number, count in lines.items() if not count)
        covered, total = covered + len(lines) - len(missed), total + len(lines)
        if missed:
            share = 100 - 100 * len(missed) / len(lines)
            print(f"natmod/core/{name:45} {len(lines):4} {share:5.0f}%   {ranges(missed)}")
    print(f"C core: {covered} of {total} lines ran, {100 * covered / total:.1f} %")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
