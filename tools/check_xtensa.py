#!/usr/bin/env python3
"""Refuse code that does not run on every ESP32, S2 and S3 with MicroPython's ABI.

    tools/check_xtensa.py OBJDUMP FILE ...

FILE is an object or an archive that a module is linked from. Refused are: functions of the call0
ABI, with which Debian's libgcc is built (called from code with register windows they return to a
wrong place, and nothing else tells); zero-overhead loops and floating point, which an S2 lacks.
"""

import re
import subprocess
import sys

REFUSED = {
    "the call0 ABI": re.compile(r"(call0|callx0|ret|ret\.n)"),
    "a zero-overhead loop": re.compile(r"loop(nez|gtz)?"),
    "floating point": re.compile(r"\w+\.s|[ls]s[ix]p?u?|[rw]fr"),
    "an instruction that is unknown here": re.compile(r"\.byte"),  # zeros are gaps
}
INSTRUCTION = re.compile(r"\s*[0-9a-f]+:\s+[0-9a-f]+\s+(\S+)(.*)")


def findings(disassembly: str) -> dict[str, str]:
    """What is refused, each with the first line where it stands."""
    found: dict[str, str] = {}
    for line in disassembly.splitlines():
        parts = INSTRUCTION.match(line)
        for reason, names in REFUSED.items() if parts else ():
            if names.fullmatch(parts[1]) and parts[2].strip() not in ("00", "0x0"):
                found.setdefault(reason, line.strip())
    return found


def main(objdump: str, *files: str) -> None:
    for file in files:
        disassembly = subprocess.run(
            [objdump, "-d", file], check=True, capture_output=True, text=True
        ).stdout
        for reason, line in findings(disassembly).items():
            sys.exit(
                f"{file} has {reason}: {line}\n"
                "no ESP32 with MicroPython runs that: compile with -mabi=windowed and "
                "-fno-branch-count-reg, and link no libgcc (natmod/xtensa/runtime.S has what is "
                "needed of it)"
            )


if __name__ == "__main__":
    main(*sys.argv[1:])
