"""Guards on what the compiler made of the module, for every architecture: no floating point, no
library beyond integer helpers, no data that a native module cannot have, text within its
budget."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

# Text is RAM on a board: what `size` says of the object file, in bytes. Of armv6m 28 KB for the
# kinds of layers and 1.6 KB for faster kernels.
TEXT_BUDGET = {
    "x64": 113_000,  # with all layer kinds
    "armv6m": 30_360,
    "armv7m": 31_100,
    "armv7emsp": 33_740,
    "armv7emdp": 33_740,
    "rv32imc": 37_900,
    "xtensawin": 33_400,
}
FULL_BUDGET = 5120  # of what the full module has more than the common one
STACK_BUDGET = 512  # of one function; the module's constructor, which loads a file, takes most
# libgcc's 64-bit and division helpers, and its switch tables.
INTEGER_HELPERS = re.compile(
    r"__aeabi_(u?idiv(mod)?|lmul|l[la]sl|l[la]sr|llsl|llsr|lasr)|__gnu_thumb1_case_\w+|__(mul|ashl|ashr|lshr)di3"
    r"|__u?(div|mod)si3"
)
# What the loader gives: the function table, qstrs, and types for static objects.
PROVIDED = re.compile(r"mp_fun_table|mp_native_qstr_table|mp_type_\w+|_GLOBAL_OFFSET_TABLE_")
XTENSA = "xtensa-esp32-elf-" if shutil.which("xtensa-esp32-elf-gcc") else "xtensa-lx106-elf-"
TOOLS = {"x64": "", "rv32imc": "riscv64-unknown-elf-", "xtensawin": XTENSA}


def xtensa_environment():
    """With the instruction set for Debian's tools (mk/xtensa.mk)."""
    instructions = Path(os.environ["FQT_BUILD"]) / "xtensa/instructions.so"
    known = {"XTENSA_GNU_CONFIG": str(instructions)} if XTENSA == "xtensa-lx106-elf-" else {}
    return {**os.environ, **known}


def tool(architecture, name, *arguments, kinds="natmod"):
    prefix = TOOLS.get(architecture, "arm-none-eabi-")
    path = Path(os.environ["FQT_BUILD"]) / kinds / architecture / "build" / "modfqt.o"
    return subprocess.run(
        [prefix + name, *arguments, path],
        capture_output=True,
        text=True,
        check=True,
        env=xtensa_environment(),
    ).stdout


# What `make test` builds; in daily work there is the desk's module alone.
SLOW = pytest.mark.slow
BUILT = [pytest.param(one, marks=() if one == "x64" else SLOW) for one in TEXT_BUDGET]


@pytest.fixture(params=BUILT)
def architecture(request):
    return request.param


def test_only_integer_helpers_are_called(architecture):
    names = {
        line.split()[-1] for line in tool(architecture, "nm", "--undefined-only").splitlines()
    }
    unknown = {
        name
        for name in names
        if not PROVIDED.fullmatch(name) and not INTEGER_HELPERS.fullmatch(name)
    }
    assert not unknown


def test_no_initialised_data_and_no_local_zeroed_data(architecture):
    """Such data fail to link, or silently lie at the wrong place (rv32imc)."""
    sections = dict(
        line.split()[:2] for line in tool(architecture, "size", "-A").splitlines()[2:-2]
    )
    assert sections.get(".data", "0") == "0"
    assert sections.get(".sdata", "0") == "0"
    kinds = [line.split()[-2] for line in tool(architecture, "nm").splitlines()]
    assert "b" not in kinds and "s" not in kinds


def test_no_floating_point_instruction_in_the_core(architecture):
    """The binding moves floats as bits; nothing calculates with them."""
    if architecture == "x64":
        calculates = re.compile(r"\b(add|sub|mul|div|sqrt|cvt\w*)[sp][sd]\b")
    else:
        calculates = re.compile(
            r"\bv?(add|sub|mul|div|mla|cvt\w*|fma)\.f(32|64)\b|\bf(add|sub|mul|div|cvt)\."
            r"|\b(add|sub|mul|madd|msub)\.s\b"
        )
    found = [
        line
        for line in tool(architecture, "objdump", "-d").splitlines()
        if calculates.search(line)
    ]
    assert not found


def test_text_is_within_its_budget(architecture):
    text = int(tool(architecture, "size").splitlines()[1].split()[0])
    assert text <= TEXT_BUDGET[architecture]


@pytest.mark.slow
@pytest.mark.parametrize("architecture", ["armv6m", "armv7emsp"])
def test_the_full_module_takes_little_more(architecture):
    common, full = (
        int(tool(architecture, "size", kinds=kinds).splitlines()[1].split()[0])
        for kinds in ("natmod", "natmod_all")
    )
    assert common < full <= common + FULL_BUDGET


@pytest.mark.slow
@pytest.mark.parametrize("architecture", [name for name in TEXT_BUDGET if name != "x64"])
def test_no_function_takes_much_stack(architecture):
    """A step goes ten functions deep, and a board keeps a margin of 1 to 2 KB for interrupts and
    native code. What kernels need lies in the scratch."""
    path = Path(os.environ["FQT_BUILD"]) / "natmod" / architecture / "build" / "modfqt.su"
    lines = [line.split("\t") for line in path.read_text().splitlines()]
    stack = {name.split(":")[-1]: int(taken) for name, taken, _ in lines}
    assert "fqt_convolution_forward" in stack
    assert {name: taken for name, taken in stack.items() if taken > STACK_BUDGET} == {}
