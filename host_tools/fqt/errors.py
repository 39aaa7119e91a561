"""How errors are told to people: one line that names the file, whatever names and texts of other
packages are in it."""

from __future__ import annotations

import errno
import os
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

LONGEST = 1200  # characters of a line: names in damaged files have any length
SHOWN = 200  # of another package's text
ADVICE = {
    errno.ENOENT: "see how it is written, and from which folder",
    errno.EACCES: "change its permissions, or take another place",
    errno.EPERM: "change its permissions, or take another place",
    errno.EROFS: "take another place",
    errno.EISDIR: "name a file",
    errno.ENOTDIR: "see how it is written: a part of it is a file",
    errno.ENAMETOOLONG: "take a shorter name",
    errno.ENOSPC: "free some, or take another place",
    errno.ELOOP: "its links lead in a circle: mend them",
}


def one_line(text: str) -> str:
    """A text without line breaks and what else moves a cursor, which are escaped, and without the
    middle of a very long one."""
    shown = "".join(_escaped(one) if _is_control(one) else one for one in text)
    if len(shown) <= LONGEST:
        return shown
    return f"{shown[: LONGEST // 2]} ... {shown[-LONGEST // 2 :]}"


def _is_control(character: str) -> bool:
    # control and format characters, surrogates, separators of lines and paragraphs
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode()


def said_by(error: BaseException) -> str:
    """What another package says, in at most SHOWN characters of one line."""
    text = one_line(" ".join(str(error).split()))
    return text[:SHOWN].rstrip(".: ") or type(error).__name__


def told(error: BaseException) -> str:
    """An error as one line; of the system's own the file, what was wrong, and what to do."""
    if not isinstance(error, OSError) or not error.strerror or error.filename is None:
        return one_line(str(error))
    advice = ADVICE.get(error.errno or 0)
    name = error.filename if isinstance(error.filename, int) else os.fsdecode(error.filename)
    return one_line(f"{name}: {error.strerror}" + (f": {advice}" if advice else ""))


@contextmanager
def of_file(*paths: str | os.PathLike) -> Iterator[None]:
    """ValueError and RuntimeError raised inside begin with the names of the files, unless they
    do."""
    names = ", ".join(os.fspath(path) for path in paths)
    try:
        yield
    except (ValueError, RuntimeError) as error:
        if str(error).startswith(names):
            raise
        kind = type(error) if len(error.args) == 1 else ValueError
        raise kind(f"{names}: {error}") from None
