#!/usr/bin/env python3
"""Write the table of modules by their layer kinds in docs/performance.md: each is built
(`make natmod KINDS=...`) and its text and file told."""

import subprocess

from tables import ROOT, replace_table

from fqt.device.elf import TEXT, section_bytes

CHOICES = ("dense", "dense conv2d max_pool2d flatten", "common", "all")
ARCHITECTURES = ("armv6m", "armv7emsp")


def built(architecture: str, kinds: str) -> tuple[int, int]:
    """Bytes of a module's text (code and constants) and of its file."""
    make = ["make", "-C", str(ROOT), "natmod", f"ARCH={architecture}", f"KINDS={kinds}"]
    subprocess.run(make, check=True, capture_output=True)
    name = "natmod" if kinds == "common" else "natmod_" + "-".join(sorted(kinds.split()))
    module = ROOT / "build" / name / architecture / "fqt.mpy"
    return section_bytes(module, TEXT), module.stat().st_size


def main() -> None:
    heads = [f"{name}: text, bytes | fqt.mpy" for name in ARCHITECTURES]
    lines = [f"| KINDS= | {' | '.join(heads)} |", "|---|---|---|---|---|"]
    for kinds in CHOICES:
        cells = [f"{text:,} | {size:,}" for text, size in (built(a, kinds) for a in ARCHITECTURES)]
        lines.append(f"| {kinds} | {' | '.join(cells)} |")
    replace_table(ROOT / "docs/performance.md", "tools/kinds_table.py", "\n".join(lines))


if __name__ == "__main__":
    main()
