"""The core's rooms depend in one direction: a file includes, and takes functions and tables from,
its own room and those above it in the list. Each source file is compiled alone, with warnings as
errors, so that none depends on what happens to be included before it."""

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

CORE = Path(__file__).resolve().parents[2] / "natmod" / "core"
API = CORE / "fqt.h"
ROOMS = ["base", "model", "engine", "kernels", "layers"]
WARNINGS = ["-Wall", "-Wextra", "-Wshadow", "-Wundef", "-Wmissing-prototypes", "-Werror"]
# What whoever embeds the core defines.
GIVEN = {"fqt_fail"}
# Of each file that stands among the plain and the fast kernels, a build has one.
BUILDS = {
    "fast": [],
    "plain": ["-DFQT_PLAIN"],
    "scalar": ["-DFQT_VECTORS=0"],
    "dsp": ["-DFQT_EMULATE_DSP"],
    "armv6m": ["-DFQT_EMULATE_ARMV6M"],
}


def room(path: Path) -> int:
    return ROOMS.index(path.relative_to(CORE).parts[0])


def sources_of(build: str) -> list[Path]:
    """The files that fqt_core_all.c includes in a build."""
    options = ["gcc", "-std=c99", "-M", *BUILDS[build], str(CORE / "fqt_core_all.c")]
    listed = subprocess.run(options, capture_output=True, text=True, check=True).stdout
    found = {Path(name).resolve() for name in re.findall(r"\S+/fqt_\w+\.c", listed)}
    return sorted(path for path in found if path.parent != CORE)


@cache
def symbols_of(path: Path, build: str, folder: Path) -> tuple[set[str], set[str]]:
    """The symbols that a file defines, and those that it takes."""
    made = folder / f"{path.stem}.{build}.o"
    command = ["gcc", "-std=c99", "-O0", "-c", *WARNINGS, *BUILDS[build], "-o", made, path]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, f"{path.name} does not compile alone: {result.stderr}"
    lines = subprocess.run(["nm", made], capture_output=True, text=True, check=True).stdout
    fields = [line.split() for line in lines.splitlines()]
    defined = {field[-1] for field in fields if field[-2] in "TDRBV"}
    return defined, {field[-1] for field in fields if field[-2] == "U"}


def test_every_file_is_in_a_room_and_in_a_build():
    listed = {path for build in BUILDS for path in sources_of(build)}
    assert listed == set(CORE.glob("*/**/*.c"))
    assert {path.relative_to(CORE).parts[0] for path in CORE.glob("*/**/*.[ch]")} == set(ROOMS)


@pytest.mark.parametrize("path", sorted(CORE.glob("*/**/*.[ch]")), ids=lambda path: path.name)
def test_includes_point_to_rooms_above(path):
    for name in re.findall(r'#include "([^"]+)"', path.read_text()):
        included = (path.parent / name).resolve()
        if included == API:  # it declares what rooms from model/ on define
            assert ROOMS[room(path)] != "base"
            continue
        assert room(included) <= room(path), f"{path.name} includes {name} of a later room"


@pytest.mark.parametrize("build", BUILDS)
def test_symbols_come_from_rooms_above(build, tmp_path):
    symbols = {path: symbols_of(path, build, tmp_path) for path in sources_of(build)}
    made_by = {name: path for path, (defined, _) in symbols.items() for name in defined}
    for path, (_, taken) in symbols.items():
        for name in taken - GIVEN:
            if not name.startswith("fqt_"):
                continue  # the compiler's own
            assert name in made_by, f"{path.name} takes {name}, which no file defines"
            assert room(made_by[name]) <= room(path), (
                f"{path.name} takes {name} from {made_by[name].name} of a later room"
            )
