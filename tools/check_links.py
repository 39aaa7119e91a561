#!/usr/bin/env python3
"""Look up the links of a built site without a network: pages, files and anchors.

    tools/check_links.py SITE EXTERNAL

Links that lead out of the site are written to EXTERNAL, one a line. A dead one is an error.
"""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlparse


class Page(HTMLParser):
    """The links of a page, and its anchors."""

    def __init__(self, path: Path):
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name == "id" and value:
                self.anchors.add(value)
            elif name in ("href", "src") and value:
                self.links.append(value)


def main(site: str, external: str) -> None:
    root = Path(site).resolve()
    pages = {path: Page(path) for path in sorted(root.rglob("*.html"))}
    if not pages:
        sys.exit(f"{site} has no pages: make docs")
    outside, dead, count = set(), [], 0
    for path, page in pages.items():
        for link in page.links:
            where = urlparse(link)
            if where.scheme or where.netloc:
                outside.add(link)
                continue
            count += 1
            place, anchor = urldefrag(unquote(link))
            target = (path.parent / place.split("?")[0]).resolve() if place else path
            known = pages.get(target)
            if not target.is_file() or (anchor and known and anchor not in known.anchors):
                dead.append(f"{path.relative_to(root)}: {link}")
    Path(external).write_text("".join(f"{link}\n" for link in sorted(outside)))
    if dead:
        sys.exit("\n".join([*sorted(set(dead)), f"{len(set(dead))} dead links"]))
    print(f"{len(pages)} pages, {count} links, none is dead; {len(outside)} lead out: {external}")


if __name__ == "__main__":
    main(*sys.argv[1:])
