#!/usr/bin/env python3
"""Join the files of the module's Python part to one, with the version in front and the numbers of
error messages put in: FQT_MESSAGE_NAME becomes what natmod/core/base/fqt_messages.h gives it. One
file takes less RAM on a board than several: names that they share are held once.

    tools/join_python.py JOINED_PY VERSION FQT_MESSAGES_H SOURCE_PY...
"""

import re
import sys
from pathlib import Path

from append_messages import messages

# In the order of the enumeration in fqt_messages.h, and of _error in micropython_lib/fqt.
EXCEPTIONS = ("VALUE_ERROR", "TYPE_ERROR", "RUNTIME_ERROR", "ATTRIBUTE_ERROR")


def numbers(header: str) -> dict[str, int]:
    """The number of each message: its line, and above that its exception."""
    return {
        name: EXCEPTIONS.index(exception) << 8 | line
        for line, (exception, name, _) in enumerate(messages(header))
    }


def main(joined: Path, version: Path, header: Path, *sources: Path) -> None:
    number_of = numbers(header.read_text())
    text = f'__version__ = "{version.read_text().strip()}"\n\n'
    text += "\n\n".join(source.read_text() for source in sources)
    text = re.sub(r"\bFQT_MESSAGE_([A-Z0-9_]+)", lambda found: str(number_of[found[1]]), text)
    joined.write_text(text)


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:]))
