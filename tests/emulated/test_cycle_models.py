"""The cycle models of tools/cyclemodel on loops whose cycles are published, counted in the
emulator: the difference of a loop of so many rounds and one of twice as many.

ESP32-C3: loops that github.com/timonvo/niccle measured there. Hazard3: its manual's table. Xtensa:
a loop of which Espressif told the cycles (github.com/espressif/esp-idf/issues/85), and the
latencies that GCC's description of the processor has.
"""

import os
import subprocess
import time
from dataclasses import dataclass

import pytest

from fqt.places import build

pytestmark = pytest.mark.slow

ROUNDS = 100
RISCV = ("riscv64-unknown-elf-gcc", "-march=rv32imc", "-mabi=ilp32", "-Wl,-Ttext=0x80000000")
XTENSA = ("xtensa-lx106-elf-gcc", "-mtext-section-literals", "-Wl,-Ttext=0x60001000")
VIRT = ("qemu-system-riscv32", "-machine", "virt", "-bios", "none")
LX60 = ("qemu-system-xtensa", "-machine", "lx60-nommu", "-semihosting")


@dataclass(frozen=True)
class Loop:
    """name; the cycles of a round; code of a round, at whose end it goes back to 1 or on. The
    counter is s0 (RISC-V) or a2, which the code counts down."""

    name: str
    cycles: int
    code: str


C3 = [
    Loop("branch back", 4, "1: addi s0, s0, -1; bnez s0, 1b"),
    Loop("load, used", 7, "1: lbu t0, 0(s2); add t1, t1, t0; addi s0, s0, -1; bnez s0, 1b"),
    Loop("store", 9, "1: li t0, 1; sb t0, 0(s2); nop; nop; nop; addi s0, s0, -1; bnez s0, 1b"),
    Loop("branch forward", 6, "1: addi s0, s0, -1; bnez s0, 2f; j 3f; .balign 4; 2: j 1b; 3:"),
    Loop("jump back", 4, "1: addi s0, s0, -1; beqz s0, 2f; j 1b; 2:"),
]
END = "addi s0, s0, -1; bnez s0, 1b"  # 2 cycles: the branch is predicted
HAZARD3 = [
    Loop("tight", 2, f"1: {END}"),
    Loop("load, used", 5, f"1: lw t0, 0(s2); add t1, t1, t0; {END}"),
    Loop("load, not used", 4, f"1: lw t0, 0(s2); add t1, t1, t2; {END}"),
    Loop("load, stored", 4, f"1: lw t0, 0(s2); sw t0, 4(s2); {END}"),
    Loop("load, address", 5, f"1: lw t0, 0(s3); lw t1, 0(t0); {END}"),
    Loop("products", 5, f"1: mul t0, t0, t1; mul t0, t0, t1; mulh t0, t0, t1; {END}"),
    Loop("quotient", 20, f"1: divu t0, t2, t3; {END}"),
    Loop("jump", 4, f"1: j 2f; .balign 4; 2: {END}"),
    Loop("branch forward", 4, f"1: beq zero, zero, 2f; nop; .balign 4; 2: {END}"),
    Loop("target not aligned", 6, f"1: j 2f; .balign 4; nop; 2: add t4, t5, t6; {END}"),
    Loop("not taken", 3, f"1: bne zero, zero, 1b; {END}"),
]
COUNT = "addi a2, a2, -1; bnez a2, 1b"
XTENSA5 = [
    Loop("sum", 5, f"1: add a3, a3, a2; {COUNT}"),
    Loop("load, used", 7, f"1: l32i a4, a6, 0; add a3, a3, a4; {COUNT}"),
    Loop("load, not used", 6, f"1: l32i a4, a6, 0; add a3, a3, a5; {COUNT}"),
    Loop("product, used", 7, f"1: mull a4, a5, a5; add a3, a3, a4; {COUNT}"),
    Loop("not taken", 5, f"1: beqz.n a6, 1b; {COUNT}"),
]
XTENSA7 = [
    Loop("sum", 6, f"1: add a3, a3, a2; {COUNT}"),
]


def program(loops, counter, words):
    """Each loop twice, of so many rounds and of twice as many, between two marks."""
    lines = [".globl _start", "_start:", words["start"]]
    for loop in loops:
        for rounds in (ROUNDS, 2 * ROUNDS):
            lines += [f"{words['set']} {counter}, {rounds}", words["mark"]]
            lines += [loop.code, words["mark"]]
    return "\n".join([*lines, words["end"], ".balign 4", "data: .word data, 1, 1, 1", ""])


RISCV_WORDS = {
    "start": "la s2, data; la s3, data; li s1, 0x87fff000; li t3, 7",
    "set": "li",
    "mark": ".balign 4; sw zero, 0(s1)",
    "end": "9: j 9b",
}
XTENSA_WORDS = {
    "start": "movi a6, data; movi a7, 0x61fff000",
    "set": "movi",
    "mark": "s32i a7, a7, 0",
    "end": "9: j 9b",
}


@pytest.mark.parametrize(
    "core, loops, compiler, machine, words, counter",
    [
        ("esp32c3", C3, RISCV, VIRT, RISCV_WORDS, "s0"),
        ("hazard3", HAZARD3, RISCV, VIRT, RISCV_WORDS, "s0"),
        ("xtensa5", XTENSA5, XTENSA, LX60, XTENSA_WORDS, "a2"),
        ("xtensa7", XTENSA7, XTENSA, LX60, XTENSA_WORDS, "a2"),
    ],
)
def test_loops_take_the_published_cycles(tmp_path, core, loops, compiler, machine, words, counter):
    (tmp_path / "loops.S").write_text(program(loops, counter, words))
    command = [*compiler, "-nostdlib", "-o", tmp_path / "loops.elf", tmp_path / "loops.S"]
    instructions = str(build() / "xtensa/instructions.so")
    environment = {**os.environ, "XTENSA_GNU_CONFIG": instructions}
    subprocess.run(command, check=True, env=environment)
    counts = tmp_path / "counts.txt"
    marker = words["start"].rpartition("0x")[2][:8]
    plugin = f"{build() / 'cyclemodel.so'},core={core},marker=0x{marker},lo=0,hi=0xffffffff"
    options = ["-nographic", "-monitor", "null", "-serial", "null"]
    options += ["-plugin", f"{plugin},out={counts}", "-kernel", tmp_path / "loops.elf"]
    emulator = subprocess.Popen([*machine, *options])
    try:
        lines = counted_lines(counts, 2 * len(loops), emulator)
    finally:
        emulator.kill()
        emulator.wait()
    cycles = [int(line.split()[1]) for line in lines]
    measured = {
        loop.name: (cycles[2 * i + 1] - cycles[2 * i]) / ROUNDS for i, loop in enumerate(loops)
    }
    # The first round may cost more or less by a cycle or two, as it is aligned.
    assert measured == pytest.approx({loop.name: loop.cycles for loop in loops}, abs=0.25)


def counted_lines(path, count, emulator):
    """The lines of the counts, once all are there."""
    deadline = time.monotonic() + 60
    while emulator.poll() is None and time.monotonic() < deadline:
        lines = path.read_text().splitlines() if path.exists() else []
        if len(lines) >= count:
            return lines
        time.sleep(0.02)
    pytest.fail("the emulated program did not come to its end")
