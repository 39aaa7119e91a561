"""What a message, the README or a document tells the user to type can be typed: targets of make,
commands of fqt with their options, commands of mpremote. (An ESP32 was told to `make dist`, which
built nothing for it.)"""

import re
from pathlib import Path

import pytest
from documents import DOCUMENTS, ROOT, what_is_wrong

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
MESSAGES = [ROOT / "natmod" / "core" / "base" / "fqt_messages.h"]


def told(paths: list[Path], *patterns: re.Pattern) -> set[str]:
    texts = [path.read_text() for path in paths if path.is_file()]
    found = {m for text in texts for pattern in patterns for m in pattern.findall(text)}
    # Not what an argument says, nor how a line of source goes on.
    return {" ".join(re.sub(r'"[^"]*"|[\\"#]', " ", command).split()) for command in found}


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
