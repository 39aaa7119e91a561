#!/usr/bin/env python3
"""Join the files of the module's Python part to one, with the version and the names of its layer
kinds in front and the numbers of error messages put in: FQT_MESSAGE_NAME becomes what
natmod/core/base/fqt_messages.h gives it. One file takes less RAM on a board than several: names
that they share are held once.

    tools/join_python.py JOINED_PY VERSION FQT_MESSAGES_H FIRST_PY FOLDER KIND ...

FIRST_PY is what depends on the form of the module: micropython_lib/fqt/texts.py in a native
module, natmod/usermod/fill.py in a firmware. FOLDER is micropython_lib/fqt. KIND ... are the layer
kinds that the native part was built with (tools/chosen_kinds.py).
"""

import re
import sys
from pathlib import Path

from append_messages import messages
from chosen_kinds import chosen

# As they run at import.
PARTS = ("errors", "files", "model", "data", "cache", "fit", "moments", "start")
# In the order of the enumeration in fqt_messages.h, and of _error in micropython_lib/fqt.
EXCEPTIONS = ("VALUE_ERROR", "TYPE_ERROR", "RUNTIME_ERROR", "ATTRIBUTE_ERROR")


def numbers(header: str) -> dict[str, int]:
    """The number of each message: its line, and above that its exception."""
    return {
        name: EXCEPTIONS.index(exception) << 8 | line
        for line, (exception, name, _) in enumerate(messages(header))
    }


def main(
    joined: Path, version: Path, header: Path, first: Path, folder: Path, names: list[str]
) -> None:
    number_of = numbers(header.read_text())
    sources = [first, *(folder / f"{name}.py" for name in PARTS)]
    text = f'__version__ = "{version.read_text().strip()}"\n'
    text += f"kinds = {tuple(chosen(names))!r}\n\n"
    text += "\n\n".join(source.read_text() for source in sources)
    text = re.sub(r"\bFQT_MESSAGE_([A-Z0-9_]+)", lambda found: str(number_of[found[1]]), text)
    if not joined.exists() or joined.read_text() != text:
        joined.parent.mkdir(parents=True, exist_ok=True)
        joined.write_text(text)


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:6]), sys.argv[6:])
