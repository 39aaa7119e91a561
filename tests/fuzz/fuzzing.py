"""Runs the fuzzer for a while from the random models of corpus.py: `fuzzing.py SECONDS`, or
`make fuzz SECONDS=...`.

What it finds is kept in build/fuzz/: a corpus that the next run goes on from, and an input for
each report (build/fuzz/clang/model_file INPUT runs it again)."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from corpus import write_corpus

MAX_INPUT_BYTES = 4096
SECONDS_AN_INPUT = 10


@dataclass(frozen=True)
class Counts:
    """What a run did. trained: models that took a training step, on all backends alike."""

    executions: int
    loaded: int
    trained: int


class FuzzingError(Exception):
    """An input made the core fail; the text is the sanitizer's, or says where backends differ."""


def counts_of(output: str) -> Counts:
    """Reads the line that fuzz_run.c prints at the end."""
    numbers = re.search(r"(\d+) executions, (\d+) models loaded, (\d+) trained", output)
    if numbers is None:
        raise FuzzingError(output[-6000:])
    return Counts(*map(int, numbers.groups()))


def fuzz(seconds: int, folder: Path, tools: Path) -> Counts:
    """Fuzz for some seconds. folder: for the corpus and reports. Raises FuzzingError at the first
    report."""
    write_corpus(folder / "seeds")
    found = folder / "corpus"
    found.mkdir(exist_ok=True)
    options = [
        f"-max_total_time={seconds}",
        f"-timeout={SECONDS_AN_INPUT}",
        f"-max_len={MAX_INPUT_BYTES}",
        f"-artifact_prefix={folder}/",
    ]
    command = [tools / "clang" / "model_file", *options, found, folder / "seeds"]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        raise FuzzingError(result.stderr[-6000:])
    return counts_of(result.stdout + result.stderr)


def main() -> int:
    seconds = int(sys.argv[1])
    folder = Path(os.environ["FQT_FUZZ_PATH"])
    try:
        counts = fuzz(seconds, folder, folder)
    except FuzzingError as error:
        print(error)
        return 1
    print(
        f"{counts.executions} executions in {seconds} s, {counts.loaded} models loaded, "
        f"{counts.trained} trained on every backend alike; no report"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
