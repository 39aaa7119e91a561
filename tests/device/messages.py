# Error texts, which lie behind the code in the module's file, or in the firmware. Beside it:
# messages.txt, what natmod/core/base/fqt_messages.h says, and unless the module is a part of the
# firmware a copy of it that can be moved away.
import os

from checking import raises, run

import fqt

KINDS = ("ValueError", "TypeError", "RuntimeError", "AttributeError")


def check_every_message():
    with open("messages.txt") as file:
        lines = [line.rstrip("\n").split(" ", 1) for line in file]
    for line, (kind, text) in enumerate(lines):
        number = line | KINDS.index(kind) << 8
        text = text.replace("#", "7", 1).replace("#", "4294967295", 1).replace("#", "9", 1)
        error = fqt._error(number, 0, None, 7, 0xFFFFFFFF, 9)
        assert type(error).__name__ == kind and str(error) == text, error
        assert str(fqt._error(number, 3, "a", 7, 0xFFFFFFFF, 9)) == "layer 3 (a): " + text
        assert str(fqt._error(number, 3, None, 7, 0xFFFFFFFF, 9)) == "layer 3: " + text


def check_an_unknown_number():
    # Beyond the list, or in a file of another version.
    assert "message 256 of" in str(fqt._error(255, 0, None, 0, 0, 0))


def check_without_the_file():
    os.rename("fqt.mpy", "moved.mpy")
    place = "of natmod/core/base/fqt_messages.h: "
    raises(ValueError, "message 3 " + place + "3, 64, 0", lambda: fqt.Model(b"abc"))
    raises(TypeError, place + "0, 0, 0", lambda: fqt.Model(7))
    os.rename("moved.mpy", "fqt.mpy")
    raises(ValueError, "file has 3 bytes", lambda: fqt.Model(b"abc"))


run(check_every_message, check_an_unknown_number)
if "fqt.mpy" in os.listdir():
    run(check_without_the_file)
