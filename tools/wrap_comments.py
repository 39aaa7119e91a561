#!/usr/bin/env python3
"""Wrap the comments of C files at 120 columns, which clang-format leaves alone for the sake of
tables in them.

tools/wrap_comments.py [--check] FILE...

A paragraph with a line that is too long is wrapped from there on. What is indented behind the
slashes (a table, a list, a formula) stays as it is. --check: change nothing, name what is too
long.
"""

import re
import sys
import textwrap
from pathlib import Path

COLUMNS = 120
PROSE = re.compile(r"( *)// (\S.*)")
ITEM = re.compile(r"[-*] |\d+\. |--")


def wrapped(lines: list[str]) -> list[str]:
    """The lines of a file, those of comments at most COLUMNS long."""
    result: list[str] = []
    while lines:
        paragraph = lines[: paragraph_length(lines)]
        lines = lines[max(len(paragraph), 1) :]
        long = next((i for i, line in enumerate(paragraph) if len(line) > COLUMNS), None)
        found = [PROSE.fullmatch(line) for line in paragraph[long:]] if long is not None else []
        if not found or not found[0]:
            result += paragraph
            continue
        prefix = found[0].group(1) + "// "
        result += paragraph[:long] + textwrap.wrap(
            " ".join(line.group(2) for line in found),
            COLUMNS,
            initial_indent=prefix,
            subsequent_indent=prefix,
            break_long_words=False,
            break_on_hyphens=False,
        )
    return result


def paragraph_length(lines: list[str]) -> int:
    """How many lines from the first on are one paragraph of a comment; 1 for other lines."""
    first = PROSE.fullmatch(lines[0])
    if not first:
        return 1
    length = 1
    for line in lines[1:]:
        found = PROSE.fullmatch(line)
        if not found or found.group(1) != first.group(1) or ITEM.match(found.group(2)):
            break
        length += 1
    return length


def main(arguments: list[str]) -> None:
    check = "--check" in arguments
    failed = False
    for path in (Path(argument) for argument in arguments if argument != "--check"):
        lines = path.read_text().split("\n")
        if check:
            long = [i for i, line in enumerate(lines, 1) if len(line) > COLUMNS]
            failed |= bool(long)
            for number in long:
                print(f"{path}:{number}: more than {COLUMNS} columns")
            continue
        new = wrapped(lines)
        if new != lines:
            path.write_text("\n".join(new))
    if failed:
        sys.exit("`make format` wraps comments")


if __name__ == "__main__":
    main(sys.argv[1:])
