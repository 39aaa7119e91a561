"""The documents without running them: links and anchors, shell commands, messages that are quoted,
pages in the index."""

import re

import pytest
from documents import DOCUMENTS, ROOT, blocks_of, commands_of, what_does_not_parse

DOCS = ROOT / "docs"
PROSE = [path for path in DOCUMENTS if path.name != "CHANGELOG.md"]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
KINDS = {"sh", "python", "session", "text", "toml", "json", "c"}


def name_of(path) -> str:
    return str(path.relative_to(ROOT))


def anchors_of(text: str) -> set[str]:
    """As GitHub makes them of headings."""
    heads = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S), re.M)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("path", PROSE, ids=name_of)
def test_links_lead_somewhere(path):
    dead = []
    for link in LINK.findall(path.read_text()):
        if re.match(r"\w+:", link):
            continue
        place, _, anchor = link.partition("#")
        target = path.parent / place if place else path
        if not target.exists() or (anchor and anchor not in anchors_of(target.read_text())):
            dead.append(link)
    assert not dead


@pytest.mark.parametrize("path", PROSE, ids=name_of)
def test_commands_would_be_taken(path):
    wrong = [
        f"{block}: {command}: {refused}"
        for block in blocks_of(path)
        if block.kind == "sh"
        for command in commands_of(block.text)
        if (refused := what_does_not_parse(command))
    ]
    assert not wrong


@pytest.mark.parametrize("path", PROSE, ids=name_of)
def test_blocks_are_of_a_kind_that_is_checked(path):
    """A directive of the site ({...}) is checked when it is built."""
    kinds = {block.kind for block in blocks_of(path) if not block.kind.startswith("{")}
    assert kinds <= KINDS


def test_every_page_is_in_the_index():
    index = (DOCS / "index.md").read_text()
    trees = "\n".join(re.findall(r"```\{toctree\}\n(.*?)```", index, re.S)).split()
    pages = {path.stem for path in DOCS.glob("*.md")} - {"index"}
    assert pages == pages & set(trees)


def test_every_example_has_a_page():
    examples = {path.parent.name for path in (ROOT / "examples").glob("*/README.md")}
    assert examples == {path.stem for path in (DOCS / "examples").glob("*.md")}


def test_troubleshooting_quotes_what_is_said():
    """Each message in its tables is one that core, module or tools have; `...` ends one early."""
    header = (ROOT / "natmod/core/base/fqt_messages.h").read_text()
    texts = re.findall(r'"((?:[^"\\]|\\.)*)"', re.sub(r'"\s*\\\n\s*"', "", header))
    others = [*(ROOT / "host_tools").rglob("*.py"), *(ROOT / "natmod/binding").glob("*.c")]
    texts += [path.read_text() for path in others]
    page = (DOCS / "troubleshooting.md").read_text()
    quoted = re.findall(r"^\| `([^`]+)` \|", page, re.M)
    assert len(quoted) > 20
    said_by_micropython = ("ValueError: incompatible", "ImportError: no module")
    unknown = [
        text
        for text in quoted
        if not text.startswith(said_by_micropython)
        and not any(text.removesuffix("...").strip() in known for known in texts)
    ]
    assert not unknown


def cells_of(page: str, *begins: str) -> list[str]:
    """The row of a page's table that begins with these cells."""
    start = "| " + " | ".join(begins) + " |"
    text = (DOCS / page).read_text()
    row = next(line for line in text.splitlines() if line.startswith(start))
    return [cell.strip() for cell in row.strip("|").split("|")]


def test_the_readme_has_the_figures_of_its_sources():
    readme = (ROOT / "README.md").read_text()
    means = [
        cells_of("accuracy.md", "kws3", run, "accuracy")[3].split(" ")[0]
        for run in ("int8, master 12", "float32")
    ]
    assert "{} % in int8, {} % in float32".format(*means) in readme
    assert "not distinguishable (n = 6)" in cells_of("accuracy.md", "kws3", "int8, master 12")[4]
    step = cells_of("performance.md", "fqt, int8, training step, all layers")
    peer = cells_of("performance.md", "AIfES, float32, training step")
    cycles = [int(row[1].replace(",", "")) / 1e6 for row in (step, peer)]
    assert f"{cycles[0]:.2f} million cycles, {step[3]} bytes" in readme
    assert f"takes {cycles[1]:.1f} million and {peer[3]}" in readme
    page = (DOCS / "memory_and_speed.md").read_text()
    rows = re.findall(r"^\| \w+ \| .* \| \d+ \| .*\d+ steps \|", page, re.M)
    assert f"the same bytes on {len(rows)} architectures" in readme


def test_mistakes_are_seen():
    assert what_does_not_parse("fqt info digits.fqt --board pico") is None
    assert what_does_not_parse("fqt info digits.fqt --bord pico")
    assert what_does_not_parse("fqt info")
    assert what_does_not_parse("pip install 'fqt-host[nothing]'")
    assert what_does_not_parse("tools/nothing.py")
    assert what_does_not_parse("make nothing")
