"""The cycle models of RISC-V and Xtensa (tools/cyclemodel) on loops whose cycles are published.

ESP32-C3: loops that github.com/timonvo/niccle measured there. Hazard3: its manual's table. Xtensa:
a loop of which Espressif told the cycles (github.com/espressif/esp-idf/issues/85), and the
latencies that GCC's description of the processor has.
"""

import pytest
from cycle_loops import Loop, Target, check

pytestmark = pytest.mark.slow

RISCV = Target(
    ("riscv64-unknown-elf-gcc", "-march=rv32imc", "-mabi=ilp32", "-Wl,-Ttext=0x80000000"),
    ("qemu-system-riscv32", "-machine", "virt", "-bios", "none"),
    marker=0x87FFF000,
    start="la s2, data; la s3, data; li s1, 0x87fff000; li t3, 7",
    set="li s0, ",
    mark=".balign 4; sw zero, 0(s1)",
    end="9: j 9b",
)
XTENSA = Target(
    ("xtensa-lx106-elf-gcc", "-mtext-section-literals", "-Wl,-Ttext=0x60001000"),
    ("qemu-system-xtensa", "-machine", "lx60-nommu", "-semihosting"),
    marker=0x61FFF000,
    start="movi a6, data; movi a7, 0x61fff000",
    set="movi a2, ",
    mark="s32i a7, a7, 0",
    end="9: j 9b",
)

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


@pytest.mark.parametrize(
    "core, loops, target",
    [
        ("esp32c3", C3, RISCV),
        ("hazard3", HAZARD3, RISCV),
        ("xtensa5", XTENSA5, XTENSA),
        ("xtensa7", XTENSA7, XTENSA),
    ],
)
def test_loops_take_the_published_cycles(tmp_path, core, loops, target):
    check(tmp_path, core, target, loops)
