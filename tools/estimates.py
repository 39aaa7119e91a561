#!/usr/bin/env python3
"""What `fqt info MODEL --board` estimates from (`make estimates`): cycles of the passes, fitted to
counts of an emulated core (host_tools/fqt/boards/costs.json), and the tables of docs/boards.md.

Counts are kept in build/estimates, and made anew where the module or the cycle model is newer.
"""

import json
import math
import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tables import ROOT, replace_table

from fqt.boards import cost, fit, report, table
from fqt.boards.networks import CHECKED, FITTED
from fqt.device import bench, emulator
from fqt.device.elf import TABLES, TEXT, section_bytes
from fqt.device.install import BUILT
from fqt.file.model_file import ModelFile
from fqt.reference_networks import NETWORKS

CORES = ("m4", "m3", "m0p", "m33", "m7")
# Cores whose calls are counted whole, of some networks, and told by the ratio to one of CORES.
DERIVED = {"hazard3": "m3", "esp32c3": "m3", "esp32s3": "m3", "esp32": "m3"}
DERIVED_BY = ("cnn28", "digits", "motion", "autoencoder", "slim", "time_series")
COUNTS = ROOT / "build/estimates"
TOLD = ("cnn28", "mobile")
# CoreMark a MHz, to compare counts with: ARM-Based Microcontroller Projects Using MBED, table 3.2;
# of Cortex-M33, about 600 at the 150 MHz of an RP2350 (forums.tomshardware.com thread 3851400).
SCORES = {"m4": 3.40, "m0p": 2.49, "m3": 3.32, "m33": 4.0, "m7": 5.01}
IMPORT = """
import gc
gc.collect()
before = gc.mem_alloc()
import fqt
gc.collect()
print(gc.mem_alloc() - before)
"""


def rows_of(name: str, core: str) -> dict:
    """Of a network, "cycles" of each phase, and "bus": cycles of its calls where code and data
    share a bus, least and most (no calls: they do not)."""
    path = COUNTS / f"{name}_{core}.json"
    whole = core in DERIVED
    made_of = bench.module_of(bench.CORES[core], not whole), ROOT / "build/cyclemodel.so"
    if not path.exists() or path.stat().st_mtime < max(one.stat().st_mtime for one in made_of):
        rows = bench.measure((FITTED | CHECKED)[name](), core, has_parts=not whole)
        cycles = {row.phase: row.cycles for row in rows}
        bus = {row.phase: row.bus_cycles for row in rows if row.phase in fit.CALLS}
        found = {"cycles": cycles, "bus": {call: both for call, both in bus.items() if both}}
        path.write_text(json.dumps(found, indent=1) + "\n")
        print(f"counted {name} on {core}", flush=True)
    return json.loads(path.read_text())


def counted(name: str, core: str) -> dict[str, int]:
    """Cycles of each phase of a network."""
    return rows_of(name, core)["cycles"]


def bus_of_core(core: str) -> dict[str, list[float]]:
    """By call, over all networks, ratios of cycles where code and data share a bus to those where
    they do not: the least, the mean of the middles between least and most, and the greatest."""
    found: dict[str, list[tuple[float, float]]] = {}
    for name in (*FITTED, *CHECKED):
        rows = rows_of(name, core)
        for call, (least, most) in rows["bus"].items():
            alone = rows["cycles"][call]
            found.setdefault(call, []).append((least / alone, most / alone))
    return {
        call: [
            min(least for least, _ in ratios),
            sum(least + most for least, most in ratios) / (2 * len(ratios)),
            max(most for _, most in ratios),
        ]
        for call, ratios in found.items()
    }


def python_bytes() -> int:
    """What `import fqt` takes of the heap besides the module's text."""
    kind = emulator.KINDS[2]
    with tempfile.TemporaryDirectory() as name:
        board = emulator.Board(kind, Path(name))
        try:
            module = emulator.module(kind.architecture)
            board.put("fqt.mpy", module.read_bytes())
            script = Path(name) / "import.py"
            script.write_text(IMPORT)
            taken = int(board.run(script))
        finally:
            board.close()
    return taken - section_bytes(module, TEXT + TABLES)


def module_bytes() -> dict[str, dict[str, list[int]]]:
    """RAM and file of the common module, and of the full one, by architecture."""
    python = python_bytes()
    sizes: dict[str, dict[str, list[int]]] = {}
    for folder in ("natmod", "natmod_all"):
        for architecture in BUILT:
            module = ROOT / "build" / folder / architecture / "fqt.mpy"
            text = section_bytes(module, TEXT + TABLES)
            which = "common" if folder == "natmod" else "full"
            sizes.setdefault(which, {})[architecture] = [text + python, module.stat().st_size]
    return sizes


def costs_of_core(core: str) -> dict:
    models: list[tuple[ModelFile, dict[str, int]]] = [
        (net(), counted(name, core)) for name, net in FITTED.items()
    ]
    coefficients = fit.fit(models)
    checked = []
    for name, net in CHECKED.items():
        cycles, model = counted(name, core), net()
        for call, estimated in fit.cycles_of(coefficients, model).items():
            checked.append(fit.compared(model.name, call, cycles[call], estimated))
    left_out = fit.left_out(models)
    return {
        "range": fit.range_of(left_out),
        "bus": bus_of_core(core),
        "coefficients": coefficients,
        "left_out": left_out,
        "checked": checked,
    }


def ratios_of(costs: dict) -> list[dict]:
    """Rows of calls that were counted on a derived core and on the one that it is derived from."""
    rows = []
    for core, base in DERIVED.items():
        of_base = costs["cores"][base]["left_out"] + costs["cores"][base]["checked"]
        for name in DERIVED_BY:
            cycles = counted(name, core)
            for row in of_base:
                if row["network"] == name:
                    both = {"counted": cycles[row["call"]], "base": row["counted"]}
                    rows.append({"network": name, "call": row["call"], "core": core} | both)
    return rows


def spread(rows: list[dict]) -> dict[str, dict[str, list[float]]]:
    """Least, mean (geometric) and greatest ratio by core and call."""
    found: dict[str, dict[str, list[float]]] = {}
    for core in DERIVED:
        for call in fit.CALLS:
            chosen = [row for row in rows if (row["core"], row["call"]) == (core, call)]
            ratios = [row["counted"] / row["base"] for row in chosen]
            mean = math.prod(ratios) ** (1 / len(ratios))
            found.setdefault(core, {})[call] = [min(ratios), mean, max(ratios)]
    return found


def ratios_table(rows: list[dict]) -> str:
    lines = ["| network | call | core | counted, cycles | on | counted there | ratio |"]
    lines.append("|" + "---|" * 7)
    for row in rows:
        lines.append(
            f"| {row['network']} | {row['call']} | {row['core']} | {row['counted']:,} | "
            f"{DERIVED[row['core']]} | {row['base']:,} | {row['counted'] / row['base']:.2f} |"
        )
    return "\n".join(lines)


def fits_table(costs: dict) -> str:
    lines = [
        "| network | core | call | counted, cycles | estimated | ratio |",
        "|---|" * 1 + "---|" * 5,
    ]
    for rows, note in (("left_out", ""), ("checked", " (never fitted to)")):
        for core in CORES:
            for row in costs["cores"][core][rows]:
                ratio = row["estimated"] / row["counted"]
                lines.append(
                    f"| {row['network']}{note} | {core} | {row['call']} | {row['counted']:,} | "
                    f"{row['estimated']:,} | {ratio:.2f} |"
                )
    return "\n".join(lines)


def scores_table() -> str:
    """Cycles of cores for one of Cortex-M4's, counted and by scores."""
    lines = ["| core | call | counted: least, mean, most | by CoreMark |", "|---|---|---|---|"]
    for core in [core for core in CORES if core != "m4"]:
        for call in fit.CALLS:
            ratios = [
                counted(name, core)[call] / counted(name, "m4")[call]
                for name in (*FITTED, *CHECKED)
            ]
            mean = math.prod(ratios) ** (1 / len(ratios))
            lines.append(
                f"| {core} | {call} | {min(ratios):.2f}, {mean:.2f}, {max(ratios):.2f} | "
                f"{SCORES['m4'] / SCORES[core]:.2f} |"
            )
    return "\n".join(lines)


def sources_table() -> str:
    lines = ["| board | what | source |", "|---|---|---|"]
    for board in table.boards().values():
        for what in ("clock", "ram", "flash", "power", "xip"):
            source = getattr(board, f"{what}_source") or "unknown"
            lines.append(f"| {board.key} | {what} | {source} |")
    return "\n".join(lines)


def count_all() -> None:
    COUNTS.mkdir(parents=True, exist_ok=True)
    jobs = [(name, core) for name in (*FITTED, *CHECKED) for core in CORES]
    jobs += [(name, core) for name in DERIVED_BY for core in DERIVED]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda job: counted(*job), jobs))


def main() -> None:
    count_all()
    costs = {"modules": module_bytes(), "cores": {core: costs_of_core(core) for core in CORES}}
    write_tables(costs)


def write_tables(costs: dict) -> None:
    rows = ratios_of(costs)
    costs["ratios"] = spread(rows)
    cost.COSTS.write_text(json.dumps(costs, indent=1) + "\n")
    cost.costs.cache_clear()
    page = ROOT / "docs/boards.md"
    for name in TOLD:
        replace_table(page, f"make estimates, {name}", report.markdown(NETWORKS[name]()))
    replace_table(page, "make estimates, ratios", ratios_table(rows))
    replace_table(page, "make estimates, fits", fits_table(costs))
    replace_table(page, "make estimates, scores", scores_table())
    replace_table(page, "make estimates, sources", sources_table())


if __name__ == "__main__":
    main()
