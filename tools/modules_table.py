#!/usr/bin/env python3
"""Write the table of architectures in docs/memory_and_speed.md from what was built and run.

    tools/modules_table.py           after `make test` (dist/, build/boards/) and `make bench`
    (build/bench.json)

A row tells the module's size, the emulated board whose training run gave the reference's bytes,
and what one training step of cnn28 takes there.
"""

import json

from tables import ROOT, replace_table

BOARDS = {
    "x64": "the unix port",
    "armv6m": "Cortex-M0+: RP2040",
    "armv7m": "Cortex-M3",
    "armv7emsp": "Cortex-M4F, M33: RP2350, STM32F4/L4, nRF52840, SAMD51",
    "armv7emdp": "Cortex-M7: STM32H7/F7, Teensy 4",
    "rv32imc": "RISC-V: ESP32-C3/C6",
    "xtensawin": "Xtensa LX6, LX7: ESP32, ESP32-S2, ESP32-S3",
}


# Whose cycles are told of an architecture: others have its module too.
CORES = ("m0p", "m3", "m4", "m7")


def main() -> None:
    sizes = json.loads((ROOT / "dist/sizes.json").read_text())
    runs = [
        json.loads(path.read_text()) for path in sorted((ROOT / "build/boards").glob("*.json"))
    ]
    bench = json.loads((ROOT / "build/bench.json").read_text())
    steps = {
        row["arch"]: row
        for row in bench
        if (row["net"], row["phase"], row["trained"]) == ("cnn28", "step", False)
        and row["core"] in CORES
    }
    lines = [
        "| module | boards | fqt.mpy, bytes | ran on, with the reference's bytes after training "
        "| one training step of cnn28: instructions | estimated cycles |",
        "|---|---|---|---|---|---|",
    ]
    for architecture, boards in BOARDS.items():
        size = [count for name, count in sizes.items() if name == f"{architecture}_6.3"]
        ran = [
            f"{run['board']}, {run['steps']} steps" for run in runs if run["arch"] == architecture
        ]
        step = steps.get(architecture, {})
        insns = f"{step['insns']:,}" if step else ""
        cycles = f"{step['cycles']:,}" if step else ""
        cells = [architecture, boards, *(size or ["not built"]), ", ".join(ran), insns, cycles]
        lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    replace_table(ROOT / "docs/memory_and_speed.md", "tools/modules_table.py", "\n".join(lines))


if __name__ == "__main__":
    main()
