#!/usr/bin/env python3
"""Complete a built module: its error texts go behind its code, where the loader does not read.

    tools/append_messages.py FQT_MESSAGES_H MODULE_MPY COMPLETE_MPY

natmod/core/base/fqt_messages.h has the texts and describes how they lie in the file.
"""

import re
import sys
from pathlib import Path

# FQT_MESSAGE(exception, name, "text"), over one line or, with a backslash, two.
MESSAGE = re.compile(r'FQT_MESSAGE\((\w+), (\w+),[ \\\n]+"([^"\n]*)"\)')


def messages(header: str) -> list[tuple[str, str, str]]:
    """The list of fqt_messages.h: (exception, name, text)."""
    return MESSAGE.findall(header)


def texts_block(header: str) -> bytes:
    """What is appended to the module."""
    lines = "".join(text + "\n" for _, _, text in messages(header)).encode("ascii")
    return lines + len(lines).to_bytes(2, "little")


def main(header: Path, module: Path, complete: Path) -> None:
    new = complete.with_suffix(".new")
    new.write_bytes(module.read_bytes() + texts_block(header.read_text()))
    new.rename(complete)


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:]))
