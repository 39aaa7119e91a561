"""What commands print: text for people, with colours where a terminal is, or JSON with --json.

NO_COLOR (https://no-color.org), set to anything, keeps text plain, and so do pipes and files."""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import sys
from collections.abc import Callable
from typing import TextIO

import numpy as np

HEAD, GOOD, BAD, PLAIN = "\033[1m", "\033[32m", "\033[31m", "\033[0m"
WRONG = r"^ *! .*$"  # a line that tells what is wrong


def add_json(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="print JSON instead")


def show(
    as_json: bool,
    described: Callable[[], object],
    text: Callable[[], str],
    **patterns: str,
) -> None:
    """Print what a command found: `described()`, plain data, as JSON; else `text()`, `painted`."""
    if as_json:
        print(json.dumps(finite(described()), indent=2))
    else:
        print(painted(text(), sys.stdout, **patterns))


def painted(text: str, stream: TextIO, head: str = "", good: str = "", bad: str = WRONG) -> str:
    """A text with what matches the patterns (of lines: ^ and $) in colours, where they show."""
    if not is_coloured(stream):
        return text
    for pattern, colour in ((head, HEAD), (good, GOOD), (bad, BAD)):
        if pattern:
            text = re.sub(f"(?m:{pattern})", rf"{colour}\g<0>{PLAIN}", text)
    return text


def is_coloured(stream: TextIO) -> bool:
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def finite(value: object) -> object:
    """Plain data without numpy's types, and None for numbers that JSON does not have."""
    if isinstance(value, dict):
        return {key: finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [finite(one) for one in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
