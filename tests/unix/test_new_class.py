"""The example new_class: its session does what its README shows."""

import re
import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).resolve().parents[2] / "examples/new_class"


def session() -> tuple[str, list[str]]:
    """The lines that README.md shows at the REPL, as a script that prints what they return; and
    what it shows that they do."""
    text = (EXAMPLE / "README.md").read_text()
    lines = re.findall(r"^    (?:>>> |(?!\.\.\.))(.*)$", text, re.M)
    begin = lines.index("import fqt")
    code, wanted = [], []
    for line in lines[begin:]:
        if line.startswith("'") or line.isdigit():
            code[-1] = f"print(repr({code[-1]}))"
            wanted.append(line)
        else:
            code.append(line)
    return "\n".join(code), wanted


def counts(line: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", line)]


def test_it_does_what_its_readme_shows(unix_port, tmp_path):
    subprocess.run([sys.executable, EXAMPLE / "prepare.py", tmp_path], check=True)
    for path in [*tmp_path.glob("*.fq?"), EXAMPLE / "told.py"]:
        unix_port.put(path.name, path.read_bytes())
    code, wanted = session()
    printed = unix_port.run_code(code).splitlines()
    assert len(printed) == len(wanted) == 4
    # Float training on the desk may round otherwise on another processor.
    for seen, shown in zip(printed, wanted, strict=True):
        assert len(counts(seen)) == len(counts(shown))
        assert all(abs(a - b) <= 20 for a, b in zip(counts(seen), counts(shown), strict=True)), (
            seen,
            shown,
        )
    before, without, kept, after = map(counts, printed)
    assert kept[0] in (99, 100)
    lost = [before[0] - one[0] for one in (without, after)]
    assert lost[0] > 3 * lost[1] and after[2] > 18
