#!/usr/bin/env python3
"""Layer kinds by name, for a module that has no others: text is RAM on a board.

    tools/chosen_kinds.py NAME ...    prints what the C core is told, -DFQT_KINDS=NUMBER

A name is a layer kind's, "all", or "common": what a module has unless it is told otherwise. The
names are those of natmod/core/model/fqt_file.h.
"""

import re
import sys
from pathlib import Path

FILE_H = Path(__file__).resolve().parents[1] / "natmod/core/model/fqt_file.h"
# What the common module leaves out, so that it takes less RAM.
FULL_ONLY = ("upsample2d", "lstm", "gru")


def numbers() -> dict[str, int]:
    """The number of each kind in a model file."""
    found = re.findall(r"\bFQT_KIND_(\w+) = (\d+),", FILE_H.read_text())
    return {name.lower(): int(number) for name, number in found}


def chosen(names: list[str]) -> dict[str, int]:
    """The kinds that these names mean, by their numbers. Raises ValueError for a name that is
    none, and where no kind has weights: a network ends with one."""
    known = numbers()
    sets = {
        "all": list(known),
        "common": [name for name in known if name not in FULL_ONLY],
        **{name: [name] for name in known},
    }
    unknown = [name for name in names if name not in sets]
    if unknown:
        raise ValueError(
            f"KINDS: there is no '{unknown[0]}': choose common, all, or some of {' '.join(known)}"
        )
    wanted = {kind for name in names for kind in sets[name]}
    if not wanted & {"dense", "conv2d", "depthwise_conv2d"}:
        raise ValueError(
            "KINDS: a network ends with a layer with weights: name dense, conv2d or "
            "depthwise_conv2d too"
        )
    return {name: number for name, number in known.items() if name in wanted}


def define(names: list[str]) -> str:
    """What the compiler is told."""
    return f"-DFQT_KINDS={sum(1 << number for number in chosen(names).values()):#x}"


if __name__ == "__main__":
    try:
        print(define(sys.argv[1:]))
    except ValueError as error:
        sys.exit(str(error))
