"""What a message, the README or a document tells the user to type can be typed: targets of make,
commands of fqt with their options, commands of mpremote. (An ESP32 was told to `make dist`, which
built nothing for it.)"""

import argparse
import re
from pathlib import Path

import pytest
from mpremote.main import _COMMANDS as MPREMOTE_COMMANDS

from fqt.cli import parser

ROOT = Path(__file__).parents[2]
TARGETS = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
COMMANDS = next(
    action.choices
    for action in parser()._actions
    if isinstance(action, argparse._SubParsersAction)
)
# Files whose text users read, with how commands are set apart there.
QUOTED = re.compile(r"`((?:make|fqt|mpremote) [^`]+)`")
INDENTED = re.compile(r"^    ((?:make|fqt|mpremote) [^#\n]+)", re.MULTILINE)
BARE = re.compile(r"(?<![\w.])(fqt [a-z]+)(?=[,;.:)\"]| --| FILE)")
SOURCES = [
    *(ROOT / "host_tools").rglob("*.py"),
    *(ROOT / "micropython_lib").iterdir(),
    *(ROOT / "examples").rglob("*.py"),
    *(ROOT / "tools").glob("*"),
    *(ROOT / "mk").iterdir(),
    ROOT / "Makefile",
]
DOCUMENTS = [
    path
    for folder in ("", "docs", "examples", "tests", ".github")
    for path in (ROOT / folder).glob("*.md" if not folder else "**/*.md")
]
MESSAGES = [ROOT / "natmod" / "core" / "base" / "fqt_messages.h"]


def told(paths: list[Path], *patterns: re.Pattern) -> set[str]:
    texts = [path.read_text() for path in paths if path.is_file()]
    found = {m for text in texts for pattern in patterns for m in pattern.findall(text)}
    # Not what an argument says, nor how a line of source goes on.
    return {" ".join(re.sub(r'"[^"]*"|[\\"#]', " ", command).split()) for command in found}


def what_is_wrong(command: str) -> str | None:
    """Why a command cannot be typed; None when it can."""
    program, name, *rest = [word.rstrip(";,") for word in command.split()]
    if program == "make":
        goals = [word for word in (name, *rest) if "=" not in word and not word.startswith("-")]
        missing = [goal for goal in goals if goal not in TARGETS]
        return f"make has no target {missing}" if missing else None
    if program == "mpremote":
        known = name in MPREMOTE_COMMANDS or name in ("cp", "rm", "ls")
        return None if known else f"mpremote has no command {name}"
    if name.startswith("--"):
        return None if name == "--version" else f"fqt has no option {name}"
    if name not in COMMANDS:
        return f"fqt has no command {name}"
    options = set(COMMANDS[name]._option_string_actions)
    missing = [word for word in rest if word.startswith("--") and word not in options]
    return f"fqt {name} has no option {missing}" if missing else None


@pytest.mark.parametrize(
    "command",
    sorted(
        told(SOURCES, QUOTED) | told(DOCUMENTS, QUOTED, INDENTED) | told(MESSAGES, QUOTED, BARE)
    ),
)
def test_it_can_be_typed(command):
    assert not what_is_wrong(command)


def test_workflows_and_hooks_call_targets_that_exist():
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text()
    targets = re.search(r"target: \[(.*)\]", workflow).group(1).split(",")
    assert {"lint", "test", "dist"} <= {target.strip(' "') for target in targets}
    hook = re.search(r"entry: (make .*)", (ROOT / ".pre-commit-config.yaml").read_text()).group(1)
    for command in [hook, *("make " + target.strip(' "') for target in targets)]:
        assert not what_is_wrong(command)


def test_mistakes_are_seen():
    assert what_is_wrong("make natmod ARCH=x64") is None
    assert what_is_wrong("make dists") == "make has no target ['dists']"
    assert what_is_wrong("fqt quantize") == "fqt has no command quantize"
    assert what_is_wrong("fqt install --prot") == "fqt install has no option ['--prot']"
    assert what_is_wrong("mpremote put") == "mpremote has no command put"
