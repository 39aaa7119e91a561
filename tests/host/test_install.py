"""What boards answer when they are asked what they can load."""

import pytest

from fqt.device.install import loader_of


def answer(architecture, mpy=(6, 3), micropython=(1, 26)):
    return f"fqt {architecture << 10 | mpy[1] << 8 | mpy[0]} {micropython[0]} {micropython[1]}\r\n"


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (4, "armv6m"),
        (5, "armv7m"),
        (7, "armv7emsp"),
        (8, "armv7emdp"),
        (10, "xtensawin"),
        (11, "rv32imc"),
        (12, "rv64imc"),
    ],
)
def test_architectures_are_named(number, name):
    assert loader_of(answer(number)).architecture == name


def test_flags_above_the_architecture_are_left_out():
    """From 1.27 on, bits above the architecture tell its extensions."""
    flagged = (1 << 15) | 11 << 10 | 3 << 8 | 6
    assert loader_of(f"fqt {flagged} 1 27").architecture == "rv32imc"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fqt -1 1 11", "loads no .mpy files: flash 1.24"),
        (answer(0), "without a loader for native code"),
        (
            answer(5, (6, 1), (1, 20)),
            "of version 6.1; the module has 6.3 and needs MicroPython 1.24",
        ),
        (answer(5, (6, 3), (1, 23)), "needs MicroPython 1.24"),
        ("Traceback: SyntaxError", "no MicroPython that answers"),
    ],
)
def test_what_cannot_load_the_module_is_told_what_to_do(text, message):
    with pytest.raises(ValueError, match=message):
        loader_of(text)
