"""The cycle model took an instruction of 16 bits at the end of a page of 1 KB for one of 32 bits,
since QEMU tells such a length there, and cycles depended on where a loop lay."""

import pytest
from cycle_loops import Loop, arm, check

pytestmark = pytest.mark.slow


def test_a_loop_takes_the_same_cycles_at_the_end_of_a_page(tmp_path):
    code = "1: subs.w r7, r7, #1; mov r11, r11; bne.n 1b"  # the latter two start together
    loops = [
        Loop("elsewhere", 3, code),
        Loop("at the end", 3, f"b 1f; .balign 1024; .space 1016; {code}"),
    ]
    check(tmp_path, "m33", arm("mps2-an386", "cortex-m4"), loops)
