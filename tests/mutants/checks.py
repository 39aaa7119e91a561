#!/usr/bin/env python3
"""Deletes each check of a model file from the C core, one at a time, and runs the tests of checks:
one that passes them all was not needed, or is not tested.

    tests/mutants/checks.py [--jobs N] [NAME ...]      NAME: of messages; all when none is named

A check is the condition of the `if` around a call of fqt_fail, in the rooms model and layers. It
is deleted whole, and, where it is several conditions joined by ||, each of these alone.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CORE = ROOT / "natmod" / "core"
TESTS = "tests/core/test_checks.py"
CALL = re.compile(r"\bfqt_fail(?:_[123])?\(\s*[^,]+,\s*([^;]*?FQT_MESSAGE_(\w+)[^;]*)\);")
# Reading fails on streams, which the desk has none of: tests/device/streams.py sees that.
ELSEWHERE = {"UNREADABLE"}


@dataclass(frozen=True)
class Mutant:
    """A condition to be deleted: characters [start, end) of a file."""

    path: Path
    start: int
    end: int
    message: str

    def text(self) -> str:
        return self.path.read_text()[self.start : self.end]

    def __str__(self) -> str:
        line = self.path.read_text().count("\n", 0, self.start) + 1
        condition = " ".join(self.text().split())
        return f"{self.path.relative_to(ROOT)}:{line}: {self.message}: {condition}"


def closing(text: str, opening: int) -> int:
    """The place of the parenthesis that closes the one at `opening`."""
    depth = 0
    for place in range(opening, len(text)):
        depth += {"(": 1, ")": -1}.get(text[place], 0)
        if depth == 0:
            return place
    raise ValueError("a parenthesis is not closed")


def condition_around(text: str, call: int) -> tuple[int, int]:
    """The condition of the `if` whose block holds the call."""
    found = None
    for match in re.finditer(r"\bif (\()", text[:call]):
        end = closing(text, match.start(1))
        block = text.index("{", end)
        depth = 0
        for place in range(block, len(text)):
            depth += {"{": 1, "}": -1}.get(text[place], 0)
            if depth == 0:
                break
        if block < call < place:
            found = match.start(1) + 1, end  # the innermost comes last
    if found is None:
        raise ValueError(f"no condition around: {text[call : call + 60]}")
    return found


def alternatives(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The conditions that || joins in [start, end), where it joins any."""
    places, depth, begin = [], 0, start
    for place in range(start, end):
        depth += {"(": 1, ")": -1}.get(text[place], 0)
        if depth == 0 and text[place : place + 2] == "||":
            places.append((begin, place))
            begin = place + 2
    return [*places, (begin, end)] if places else []


def mutants(names: list[str]) -> list[Mutant]:
    found = []
    for path in sorted([*CORE.glob("model/*.c"), *CORE.glob("layers/*.c")]):
        text = path.read_text()
        for match in CALL.finditer(text):
            message = match[2]
            if message in ELSEWHERE or (names and message not in names):
                continue
            whole = condition_around(text, match.start())
            for start, end in [whole, *alternatives(text, *whole)]:
                found.append(Mutant(path, start, end, message))
    return found


def survives(mutant: Mutant) -> bool:
    """Whether the tests of checks pass without the condition."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "natmod"
        shutil.copytree(ROOT / "natmod", copy)
        changed = copy / mutant.path.relative_to(ROOT / "natmod")
        text = changed.read_text()
        # The condition stays as an operand, so that nothing it names becomes unused.
        condition = f"(false && ({text[mutant.start : mutant.end].strip()}))"
        changed.write_text(text[: mutant.start] + condition + text[mutant.end :])
        library = Path(folder) / "mutant.so"
        compiler = ["gcc", "-std=c99", "-O1", "-w", "-fPIC", "-shared", "-o", library]
        subprocess.run([*compiler, copy / "host" / "fqt_host.c"], check=True)
        environment = {**os.environ, "FQT_CORE_LIB": str(library), "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", TESTS]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, timeout=120)
        return done.returncode == 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("names", nargs="*", metavar="NAME")
    arguments = parser.parse_args()
    listed = mutants(arguments.names)
    left = 0
    with ThreadPoolExecutor(arguments.jobs) as pool:
        for mutant, lives in zip(listed, pool.map(survives, listed), strict=True):
            if lives:
                left += 1
                print(f"not noticed: {mutant}", flush=True)
    print(f"{len(listed)} checks deleted, {len(listed) - left} noticed")
    return left > 0 or not listed


if __name__ == "__main__":
    sys.exit(main())
