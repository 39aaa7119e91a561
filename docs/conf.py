"""The docs as a site: `make docs`. The pages are the Markdown files of this folder as they are."""

import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(HERE))

project = "fqt"
version = release = (ROOT / "VERSION").read_text().strip()
copyright = "the authors of fqt. Licence: MIT"
extensions = ["myst_parser", "stub_page"]
exclude_patterns = ["requirements.*"]
html_theme = "furo"
html_title = f"fqt {release}"
html_show_sphinx = False
html_copy_source = False
smartquotes = False  # they would change the quotes of Python

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4  # as GitHub makes them, so that links work in both places
# Formulas of arithmetic.md are blocks without a language, and prompts (>>>) are no shell.
highlight_language = "text"
nitpicky = True
nitpick_ignore_regex = [("py:.*", ".*")]  # types of MicroPython's objects are described nowhere

# Pages that take in a file from outside of this folder: links to the file lead to its page.
PAGES = {
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changes.md",
    "SECURITY.md": "security.md",
    "README.md": "index.md",
    "micropython_lib/fqt.pyi": "api.md",
}
LINK = re.compile(r"\[([^\]]+)\]\(([^)#\s]+)(#[^)\s]*)?\)")


def links_of_site(folder: Path, text: str) -> str:
    """A text whose links lead to pages of the site: what lies in no page (code, folders) is named,
    and not linked, since a site has no checkout beside it."""

    def replaced(match: re.Match) -> str:
        words, place, anchor = match[1], match[2], match[3] or ""
        if ":" in place:
            return match[0]
        path = (folder / place).resolve()
        if path.is_relative_to(HERE):
            return f"[{words}]({path.relative_to(HERE)}{anchor})"
        name = str(path.relative_to(ROOT))
        if page := PAGES.get(name):
            return f"[{words}]({page}{anchor})"
        example = re.fullmatch(r"examples/(\w+)(?:/README.md)?", name)
        if example and (HERE / "examples" / f"{example[1]}.md").exists():
            return f"[{words}](/examples/{example[1]}.md{anchor})"
        return words if words.strip("`") == name else f"{words} (`{name}`)"

    return LINK.sub(replaced, text)


def read_source(app, page: str, source: list[str]) -> None:
    source[0] = links_of_site((HERE / page).parent, source[0])


def read_include(app, path: Path, page: str, source: list[str]) -> None:
    source[0] = links_of_site((HERE / path).resolve().parent, source[0])


def setup(app) -> None:
    app.connect("source-read", read_source)
    app.connect("include-read", read_include)
