"""Tables that scripts write into Markdown files, between two comments."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
END = "<!-- end -->"


def replace_table(path: Path, script: str, table: str) -> None:
    """Put a table between <!-- made by SCRIPT --> and <!-- end -->. Raises ValueError without that
    place."""
    start = f"<!-- made by {script} -->"
    text = path.read_text()
    place = re.compile(re.escape(start) + ".*?" + re.escape(END), re.S)
    if not place.search(text):
        raise ValueError(f"{path} has no {start} ... {END}")
    path.write_text(place.sub(lambda _: f"{start}\n{table}\n{END}", text))
