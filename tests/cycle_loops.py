"""Loops that are counted in the emulator by a cycle model (tools/cyclemodel): the difference of a
loop of so many rounds and one of twice as many."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass

import pytest

from fqt.places import build

ROUNDS = 100
ARM_MARKER = 0x40028000


@dataclass(frozen=True)
class Loop:
    """name; the cycles of a round; code of a round, at whose end it goes back to 1 or on, and
    which counts the architecture's counter down. bus: cycles with code and data in one RAM,
    whose words of code take one cycle or two."""

    name: str
    cycles: float
    code: str
    bus: tuple[float, float] | None = None


@dataclass(frozen=True)
class Target:
    """How loops are assembled and run. head: before the start; start: registers that loops use;
    set: the instruction that sets the counter, which follows it; mark: a store to marker, at which
    counting starts or stops."""

    compiler: tuple[str, ...]
    machine: tuple[str, ...]
    marker: int
    start: str
    set: str
    mark: str
    end: str
    head: str = ""

    def program(self, loops: list[Loop]) -> str:
        """Each loop twice, of so many rounds and of twice as many, between two marks."""
        lines = [self.head, ".globl _start", "_start:", self.start]
        for loop in loops:
            for rounds in (ROUNDS, 2 * ROUNDS):
                lines += [f"{self.set}{rounds}", self.mark, loop.code, self.mark]
        return "\n".join([*lines, self.end, ".balign 8", "data: .word data, 1, 1, 1", ""])


def arm(machine: str, cpu: str, at: int = 0x100) -> Target:
    """r7 counts. r1, r2 and r3 point to words of which the first has its own address, r10 to words
    that may be written; r5 and r8 are 0, r9 is 24. at: the address of the code."""
    return Target(
        (
            *("arm-none-eabi-gcc", f"-mcpu={cpu}", "-mthumb"),
            *(f"-Wl,-Ttext={at:#x}", "-Wl,--section-start=.vectors=0"),
        ),
        ("qemu-system-arm", "-machine", machine),
        marker=ARM_MARKER,
        head='.syntax unified; .thumb; .section .vectors, "a"; .word 0x20003000, _start + 1; '
        ".text; .thumb_func",
        start=f"ldr r6, ={ARM_MARKER}; ldr r1, =data; mov r2, r1; mov r3, r1; movs r5, #0; "
        "mov r8, r5; mov r9, #24; add r10, r1, #64; b 8f; .ltorg; .balign 8; 8:",
        set="movs r7, #",
        mark=".balign 8; str r7, [r6]; nop; nop; nop",
        end="9: b 9b",
    )


def counted(folder, core: str, target: Target, loops: list[Loop]) -> list[list[float]]:
    """Of a round of each loop: its cycles, and the two with code and data in one RAM."""
    (folder / "loops.S").write_text(target.program(loops))
    command = [*target.compiler, "-nostdlib", "-o", folder / "loops.elf", folder / "loops.S"]
    instructions = str(build() / "xtensa/instructions.so")
    subprocess.run(command, check=True, env={**os.environ, "XTENSA_GNU_CONFIG": instructions})
    counts = folder / "counts.txt"
    plugin = f"{build() / 'cyclemodel.so'},core={core},marker={target.marker},lo=0,hi=0xffffffff"
    options = ["-nographic", "-monitor", "null", "-serial", "null"]
    options += ["-plugin", f"{plugin},out={counts}", "-kernel", folder / "loops.elf"]
    emulator = subprocess.Popen([*target.machine, *options])
    try:
        lines = _lines(counts, 2 * len(loops), emulator)
    finally:
        emulator.kill()
        emulator.wait()
    fields = [[int(field) for field in line.split()] for line in lines]
    return [
        [(more[i] - few[i]) / ROUNDS for i in (1, 6, 7)]
        for few, more in zip(fields[::2], fields[1::2], strict=True)
    ]


def check(folder, core: str, target: Target, loops: list[Loop]) -> None:
    """Loops take the cycles that they are said to. The first round may cost more or less by a
    cycle or two, as it is aligned."""
    found = counted(folder, core, target, loops)
    measured = {loop.name: one[0] for loop, one in zip(loops, found, strict=True)}
    assert measured == pytest.approx({loop.name: loop.cycles for loop in loops}, abs=0.25)
    for loop, one in zip(loops, found, strict=True):
        if loop.bus:
            assert one[1:] == pytest.approx(loop.bus, abs=0.25), loop.name


def _lines(path, count: int, emulator) -> list[str]:
    """The lines of the counts, once all are there."""
    deadline = time.monotonic() + 60
    while emulator.poll() is None and time.monotonic() < deadline:
        lines = path.read_text().splitlines() if path.exists() else []
        if len(lines) >= count:
            return lines
        time.sleep(0.02)
    pytest.fail("the emulated program did not come to its end")
