"""The documents that users read: their code blocks, and whether a command in them can be typed."""

import argparse
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from mpremote.main import _COMMANDS as MPREMOTE_COMMANDS

from fqt.cli import parser

ROOT = Path(__file__).parents[1]
DOCUMENTS = [
    path
    for folder in ("", "docs", "examples", "tests", ".github")
    for path in sorted((ROOT / folder).glob("*.md" if not folder else "**/*.md"))
]
TARGETS = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
COMMANDS = next(
    action.choices
    for action in parser()._actions
    if isinstance(action, argparse._SubParsersAction)
)
PROGRAMS = {"fqt", "make", "mpremote", "pip", "python", "python3", "cd", "micropython", "dask"}
FENCE = re.compile(r"^( *)(`{3,})([^`\n]*)\n(.*?)^\1\2`*$", re.M | re.S)
INDENTED = re.compile(r"(?:(?<=\n\n)|^)((?: {4}.*\n|\n(?= {4}))+)")


@dataclass(frozen=True)
class Block:
    """A block of code: where, of which kind (sh, python, session, text or another language), and
    its text."""

    path: Path
    line: int
    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line}"


def blocks_of(path: Path) -> list[Block]:
    """Those between fences, and the indented ones outside of lists, in their order."""
    whole = path.read_text()
    found = [
        Block(path, line_of(whole, m.start()), kind_of(m[3].strip(), m[4]), m[4])
        for m in FENCE.finditer(whole)
    ]
    outside = FENCE.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), whole)
    for match in INDENTED.finditer(outside):
        before = outside[: match.start()].rstrip().rsplit("\n", 1)[-1]
        if match[1].strip() and not re.match(r"\s*(?:[*-]|\d+\.) ", before):
            text = "\n".join(line[4:] for line in match[1].splitlines()) + "\n"
            found.append(Block(path, line_of(whole, match.start()), kind_of("", text), text))
    return sorted(found, key=lambda block: block.line)


def line_of(text: str, place: int) -> int:
    return text.count("\n", 0, place) + 1


def kind_of(language: str, text: str) -> str:
    """As it is said; where it is not, from what is there."""
    if ">>> " in text:
        return "session"
    if language:
        return language
    first = text.split()[:1]
    if first and first[0] in PROGRAMS:
        return "sh"
    is_python = re.search(r"^(?:import fqt|from fqt import)\b|\bfqt\.\w+\(", text, re.M)
    return "python" if is_python else "text"


def commands_of(text: str) -> list[str]:
    """The commands of a shell block, without comments."""
    joined = re.sub(r"\\\n\s*", " ", text)
    lines = (re.sub(r"(?:^|\s)#.*", "", line).strip() for line in joined.splitlines())
    return [line for line in lines if line]


def what_is_wrong(command: str) -> str | None:
    """Why a command cannot be typed; None when it can."""
    words = [word.rstrip(";,") for word in command.split()]
    program, name, *rest = [*words, ""] if len(words) == 1 else words
    if program == "make":
        goals = [word for word in (name, *rest) if "=" not in word and not word.startswith("-")]
        missing = [goal for goal in goals if goal and goal not in TARGETS]
        return f"make has no target {missing}" if missing else None
    if program == "mpremote":
        known = name in MPREMOTE_COMMANDS or name in ("", "cp", "rm", "ls")  # "": the prompt
        return None if known else f"mpremote has no command {name}"
    if name.startswith("--"):
        return None if name == "--version" else f"fqt has no option {name}"
    if name not in COMMANDS:
        return f"fqt has no command {name}"
    options = set(COMMANDS[name]._option_string_actions)
    missing = [word for word in rest if word.startswith("--") and word not in options]
    return f"fqt {name} has no option {missing}" if missing else None


def what_does_not_parse(command: str) -> str | None:
    """Why a line of a shell block would be refused before it runs; None when it would not."""
    words = shlex.split(command)
    program = words[0]
    if program == "fqt":
        try:
            parser().parse_args(words[1:])
        except SystemExit as refused:
            return f"fqt refuses it (exit code {refused.code})"
        return None
    if program == "python" and words[1].startswith("tools/"):
        return None if (ROOT / words[1]).is_file() else f"there is no {words[1]}"
    if program.startswith("tools/"):
        return None if (ROOT / program).is_file() else f"there is no {program}"
    if program == "pip":
        return what_pip_lacks(words)
    if program in ("make", "mpremote"):
        return what_is_wrong(command)
    return None if program in PROGRAMS else f"nobody knows the program {program}"


def what_pip_lacks(words: list[str]) -> str | None:
    """Which of our extras and requirements do not exist."""
    extras = set(re.findall(r"^(\w+) = \[", (ROOT / "pyproject.toml").read_text(), re.M))
    for word in words[2:]:
        named = re.fullmatch(r"fqt-host\[(\w+)\]", word)
        if named and named[1] not in extras:
            return f"fqt-host has no extra {named[1]}"
        if word.endswith(".txt") and not (ROOT / word).is_file():
            return f"there is no {word}"
    return None
