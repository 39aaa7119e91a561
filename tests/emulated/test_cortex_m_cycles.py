"""The cycle models of Cortex-M4, Cortex-M33 and Cortex-M7 (tools/cyclemodel) on code whose cycles
their sources tell: Arm's manual of Cortex-M4 (DDI 0439D, 3.3.2) and those who measured:
compendium.i-0.nl; github.com/jnk0le/random, pipeline cycle test; cortex_m33.py of
github.com/slothy-optimizer/slothy; some of quinapalus.com/cm7cycles.html as others tell them.
"""

import pytest
from cycle_loops import Loop, arm, check

pytestmark = pytest.mark.slow

M4 = arm("mps2-an386", "cortex-m4")
M4_IN_RAM = arm("mps2-an386", "cortex-m4", 0x20000000)
M7 = arm("mps2-an500", "cortex-m7")

END = "subs r7, #1; bne 1b"  # 1 + 2: a taken branch costs 2 to a target that is aligned or narrow
UPDATES = "ldr r0, [r1], #4; ldr r4, [r2], #4"
OF_M4 = [
    Loop("narrow target", 5, "nop; 1: add r0, r2; sub r7, #1; cmp r7, #0; bne 1b"),
    Loop("wide target, not aligned", 6, "nop; 1: mul r0, r2; sub r7, #1; cmp r7, #0; bne 1b"),
    Loop("two loads", 3 + 3, f"1: ldr r0, [r1]; ldr r4, [r2]; {END}"),
    Loop("load, store", 3 + 3, f"1: ldr r0, [r1, r5]; str r0, [r3, #20]; {END}"),
    Loop("load, indexed store", 3 + 3, f"1: ldr r0, [r1, r5]; str r0, [r3, r9]; {END}"),
    Loop("three loads", 4 + 3, f"1: ldr r0, [r1, r5]; ldr r4, [r2]; ldr r0, [r3, #4]; {END}"),
    Loop("load of an address, load", 4 + 3, f"1: ldr r0, [r1]; ldr r4, [r0]; {END}"),
    Loop("store", 1 + 3, f"1: str r0, [r3, #20]; {END}"),
    Loop("indexed store", 2 + 3, f"1: str r0, [r3, r9]; {END}"),
    Loop("address from before", 4 + 3, f"1: adds r0, r1, #4; ldr r0, [r0]; {END}"),
    Loop("address from earlier", 4 + 3, f"1: adds r0, r1, #4; movs r4, #4; ldr r0, [r0]; {END}"),
    Loop("two words", 3 + 3, f"1: ldrd r0, r4, [r1]; {END}"),
    Loop("eight words", 9 + 3, f"1: stmia r10, {{r0-r5, r8, r9}}; {END}"),
    Loop("word, at an odd address", 4 + 3, f"1: ldr r0, [r1, #1]; {END}"),
    Loop("word, at an even one", 3 + 3, f"1: ldr r0, [r1, #2]; {END}"),
    Loop("half-word, at an odd one", 3 + 3, f"1: ldrh r0, [r1, #1]; {END}"),
    Loop("stored at an odd one", 1 + 3, f"1: str r0, [r3, #21]; {END}"),
    Loop("loads that update", 6 + 3, f"1: {UPDATES}; subs r1, #4; subs r2, #4; {END}"),
    Loop("table", 6 + 3, f"1: tbb [pc, r5]; .byte 1, 1; {END}"),
    Loop("jump from memory", 5 + 3, f"1: ldr.w pc, 3f; .balign 4; 3: .word 2f + 1; 2: {END}"),
    Loop("condition", 2 + 3, f"1: movs r0, #1; it eq; moveq r0, #2; {END}"),
]
# In RAM code comes over the bus of the data, which come first. Of four loads the last three leave
# no cycle for a word of code, so that the next three instructions wait for theirs: one cycle each,
# or two where a word takes two. Half of the wide sums wait then, and no narrow ones.
LOADS = "1: ldr.w r0, [r1]; ldr.w r4, [r1]; ldr.w r0, [r1]; ldr.w r4, [r1]; " + END
IN_RAM = [
    Loop("loads", 5 + 3, LOADS, (8 + 3, 8 + 6)),
    Loop("narrow sums", 4 + 3, f"1: .rept 4; adds r0, #1; .endr; {END}", (7, 7)),
    Loop("wide sums", 4 + 3, f"1: .rept 4; add.w r0, r0, #1; .endr; {END}", (7, 7 + 4)),
]

# The flags are set early, so that the branch costs one: 3.
FAST = "subs.w r7, r7, #1; mov r11, r11; bne.n 1b"
FOUR_LOADS, RESTORE = "subs r7, #1; ldmia r1!, {r0, r2-r4}", "mov r1, r12; mov r2, r1; mov r3, r1"
OF_M33 = [
    Loop("template", 20, f"1: .rept 17; mov r11, r11; .endr; {FAST}"),
    Loop("flags just set", 3, "1: subs r7, #1; bne.n 1b"),
    Loop("flags set before", 3, "1: subs r7, #1; add r0, r5; bne.n 1b"),
    Loop("flags set before a load", 6, f"mov r12, r1; 1: {FOUR_LOADS}; bne.n 1b; {RESTORE}"),
    Loop("alone", 4, "1: subs.w r7, r7, #1; bne.w 1b"),
    Loop("not taken", 1 + 3, f"1: adds r4, #1; beq.n 1b; {FAST}"),
    Loop("load, used", 3 + 3, f"1: ldr r0, [r1]; add.w r4, r0, #1; {FAST}"),
    Loop("load, not used", 2 + 3, f"1: ldr r0, [r1]; add.w r4, r5, #1; {FAST}"),
    Loop("load of an address, load", 3 + 3, f"1: ldr r0, [r1]; ldr r4, [r0]; {FAST}"),
    Loop("load, added to a product", 2 + 3, f"1: ldr r0, [r1]; mla r4, r5, r5, r0; {FAST}"),
    Loop("load, stored", 2 + 3, f"1: ldr r0, [r1]; str r0, [r3, #20]; {FAST}"),
    Loop("sums of products", 4 + 3, f"1: .rept 4; smlad r0, r5, r5, r0; .endr; {FAST}"),
    Loop("products of products", 7 + 3, f"1: .rept 4; mul.w r0, r0, r5; .endr; {FAST}"),
    Loop("shifts to the left", 4 + 3, f"1: .rept 4; add.w r0, r5, r0, lsl #3; .endr; {FAST}"),
    Loop("rotations", 7 + 3, f"1: .rept 4; eor.w r0, r5, r0, ror #3; .endr; {FAST}"),
    Loop("packing", 7 + 3, f"1: .rept 4; pkhbt r0, r0, r5; .endr; {FAST}"),
    Loop("fields", 4 + 3, f"1: .rept 4; ubfx r0, r0, #1, #8; .endr; {FAST}"),
    Loop("two words", 2 + 3, f"1: ldrd r0, r4, [r1]; {FAST}"),
    Loop("eight words", 8 + 3, f"1: stmia r10, {{r0-r5, r8, r9}}; {FAST}"),
    Loop("product that sets flags", 2 + 3, f"1: muls r0, r5, r0; {FAST}"),
    Loop("nops beside sums", 2 + 3, f"1: .rept 2; adds r0, #1; nop; .endr; {FAST}"),
]

# The branch starts together with the nop that it goes to, behind five that take three cycles: 4.
REST = "subs.w r7, r7, #1; .rept 5; nop.w; .endr; bne.w 1b"
TWO_LOADS = "ldr.w r4, [r1, r0]; ldr.w r11, [r1, #4]; "
OF_M7 = [
    Loop("template", 10, "1: .rept 18; nop.w; .endr; subs.w r7, r7, #1; bne.w 1b"),
    Loop("sums", 4, "eor.w r0, r1, r5; eor.w r4, r1, r5; " * 4),
    Loop("sums of sums", 8, "eor.w r0, r0, r5; " * 8),
    Loop("products", 4, "smull r0, r4, r1, r5; smull r11, r12, r1, r5; " * 2),
    Loop("products, sums", 4, "mul r0, r1, r5; eor.w r4, r1, r5; " * 4),
    Loop("added to a product", 4, "smlal r0, r4, r1, r5; " * 4),
    Loop("products of products", 7, "mul r0, r0, r5; " * 4),
    Loop("product, store", 4, "mul r0, r1, r5; str.w r4, [r3, #20]; " * 2),
    Loop("stores", 4, "str.w r0, [r3, #20]; " * 4),
    Loop("loads, stores", 4, "ldr.w r0, [r1]; str.w r4, [r3, #20]; " * 4),
    Loop("loads of even and odd words", 4, "ldr.w r0, [r1]; ldr.w r4, [r1, #4]; " * 4),
    Loop("loads of even words", 8, "ldr.w r0, [r1]; ldr.w r4, [r1, #8]; " * 4),
    Loop("load, used", 2, "ldr.w r0, [r1]; eor.w r4, r0, r5; "),
    Loop("byte, used", 3, "ldrb.w r0, [r1]; eor.w r4, r0, r5; "),
    Loop("load of an address, load", 3, "ldr.w r0, [r1]; ldr.w r4, [r0]; "),
    Loop("load, multiplied", 3, "ldr.w r0, [r1]; mul r4, r0, r5; "),
    Loop("byte, added to a product", 2, "ldrb.w r0, [r1]; mla r4, r5, r5, r0; "),
    Loop("load, shifted", 3, "ldr.w r0, [r1]; eor.w r4, r5, r0, ror #3; "),
    Loop("shifted operands", 4, "eor.w r0, r5, r1, ror #3; eor.w r4, r5, r1, ror #3; " * 2),
    Loop("shifted, not shifted", 2, "eor.w r0, r5, r1, ror #3; eor.w r4, r5, r1; " * 2),
    Loop("side by side", 4, "uadd8 r0, r1, r5; uadd8 r4, r1, r5; " * 2),
    Loop("older side by side", 2, "uadd8 r0, r1, r5; eor.w r4, r1, r5; " * 2),
    Loop("sum used at once", 2, "add.w r0, r0, r5; eor.w r12, r0, r12, ror #22; " + TWO_LOADS),
    Loop("eight words", 4, "stmia r10, {r0-r5, r8, r9}; "),
    Loop("not aligned", 4 + 3, "ldr.w r0, [r1, #1]; " + "eor.w r4, r4, r5; " * 4),
    Loop("forward, never taken", 1, "beq.w 2f; eor.w r4, r1, r5; 2: "),
]


def in_cortex_m7(loop: Loop) -> Loop:
    """Behind a nop, with which the branch back starts, and in front of the rest."""
    if "bne" in loop.code:
        return loop
    return Loop(loop.name, loop.cycles + 4, f"1: nop.w; {loop.code}; {REST}")


@pytest.mark.parametrize(
    "core, loops, target",
    [
        ("m4", OF_M4, M4),
        ("m4", IN_RAM, M4_IN_RAM),
        ("m33", OF_M33, M4),
        ("m7", [in_cortex_m7(loop) for loop in OF_M7], M7),
    ],
)
def test_code_takes_the_published_cycles(tmp_path, core, loops, target):
    check(tmp_path, core, target, loops)
