#!/usr/bin/env python3
"""Write the tables of docs/performance.md from build/bench.json (`make bench`), build/sweep.json
(`make sweep`), build/pytorch.json (`make pytorch`) and the modules that `make dist` built; that of
CMSIS-NN in docs/comparisons.md."""

import json

from tables import ROOT, replace_table

from fqt import core as host
from fqt.device.bench import Row, cycles_a_multiply_add
from fqt.device.elf import TABLES, TEXT, section_bytes
from fqt.device.sweep import Point, table
from fqt.experiment.trained_networks import LESSONS
from fqt.reference_networks import NETWORKS

# Measured with the cycle model m4plain on Cortex-M4F, and the same compiler and cores as ours.
PEERS = [
    ("AIfES, float32, training step", "30,739,413", "145,107,532", "640,488"),
    ("AIfES, float32, inference", "4,122,111", "30,934,344", ""),
    ("CMSIS-NN, int8, inference only", "602,185", "1,639,360", ""),
]
WANTED = [
    ("cnn28", "step", "fqt, int8, training step, all layers"),
    ("cnn28_last", "step", "fqt, int8, training step, the last layer alone"),
    ("cnn28", "predict", "fqt, int8, inference"),
]


# Cycles of CMSIS-NN's inference, measured independently in November 2026: m4plain and m0p. fqt's
# networks were not the very same ones after training; what CMSIS-NN takes hardly depends on that.
CMSIS_NN = {
    "cnn28": (602_319, 1_639_391),
    "ds_cnn": (9_403_303, 39_805_960),
    "resnet8": (36_570_719, 137_193_282),
    "vww_mobilenet": (30_048_851, 119_681_678),
    "ad_autoencoder": (717_987, 2_354_411),
}
TOLD = ("m4", "m33", "m7", "m0p")


def rows_of(rows: list[Row], net: str, core: str, trained: bool = False) -> list[Row]:
    wanted = net, core, trained
    return [row for row in rows if (row.net, row.core, row.trained) == wanted]


def cycles_of(rows: list[Row], net: str, core: str, trained: bool = False) -> dict[str, int]:
    """By phase."""
    return {row.phase: row.cycles for row in rows_of(rows, net, core, trained)}


def peers_table(rows: list[Row]) -> str:
    lines = [
        "| cnn28 | Cortex-M4F by m4plain, cycles | Cortex-M0+, cycles | RAM besides code, bytes |",
        "|---|---|---|---|",
    ]
    lines += [f"| {' | '.join(peer)} |" for peer in PEERS]
    for net, phase, what in WANTED:
        found = {
            core: next(row for row in rows_of(rows, net, core) if row.phase == phase)
            for core in ("m4plain", "m0p")
        }
        cycles = " | ".join(f"{row.cycles:,}" for row in found.values())
        lines.append(f"| {what} | {cycles} | {found['m4plain'].ram_bytes:,} |")
    return "\n".join(lines)


def networks_table(rows: list[Row]) -> str:
    lines = [
        "| network | core | step, cycles | predict, cycles | forward, error, update: cycles a "
        "multiply-add | RAM, bytes | of it tables and arena | their lower bound | step with code "
        "and data on one bus |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for net in dict.fromkeys(row.net for row in rows):
        model = host.Model(NETWORKS[net](), master=8)
        for core in TOLD:
            chosen = rows_of(rows, net, core)
            cycles = cycles_of(rows, net, core)
            bus = next(row.bus_cycles for row in chosen if row.phase == "step")
            shared = "" if bus is None else f"{bus[0]:,} to {bus[1]:,}"
            means = cycles_a_multiply_add(chosen).values()
            lines.append(
                f"| {net} | {core} | {cycles['step']:,} | {cycles['predict']:,} | "
                f"{', '.join(f'{mean:.2f}' for mean in means)} | {chosen[0].ram_bytes:,} | "
                f"{model.memory:,} | {model.memory_bound:,} | {shared} |"
            )
    return "\n".join(lines)


def trained_table(rows: list[Row]) -> str:
    lines = [
        "| network | trained on | core | step, cycles | predict, cycles | step / that of the "
        "fresh network |",
        "|---|---|---|---|---|---|",
    ]
    for net, lesson in LESSONS.items():
        for core in TOLD:
            fresh, cycles = (cycles_of(rows, net, core, trained) for trained in (False, True))
            lines.append(
                f"| {net} | {lesson.data}, {lesson.steps:,} steps | {core} | {cycles['step']:,} "
                f"| {cycles['predict']:,} | {cycles['step'] / fresh['step']:.2f} |"
            )
    return "\n".join(lines)


def cmsis_table(rows: list[Row]) -> str:
    lines = [
        "| network | core | CMSIS-NN, inference | fqt, inference | fqt / CMSIS-NN | fqt, training "
        "step | step / CMSIS-NN's inference |",
        "|---|---|---|---|---|---|---|",
    ]
    for net, theirs in CMSIS_NN.items():
        for core, name, inference in zip(
            ("m4plain", "m0p"), ("Cortex-M4F", "Cortex-M0+"), theirs, strict=True
        ):
            cycles = cycles_of(rows, net, core, trained=True)
            predict, step = cycles["predict"], cycles["step"]
            lines.append(
                f"| {net} | {name} | {inference:,} | {predict:,} | {predict / inference:.2f} "
                f"| {step:,} | {step / inference:.2f} |"
            )
    return "\n".join(lines)


def text_table() -> str:
    lines = [
        "| architecture | text (code and constants), bytes | tables of addresses | fqt.mpy |",
        "|---|---|---|---|",
    ]
    for name, count in json.loads((ROOT / "dist/sizes.json").read_text()).items():
        architecture, _, version = name.partition("_")
        if version.endswith("_full"):
            continue  # tools/kinds_table.py
        module = ROOT / "build/natmod" / architecture / "fqt.mpy"
        text, tables = section_bytes(module, TEXT), section_bytes(module, TABLES)
        lines.append(f"| {architecture} | {text:,} | {tables:,} | {count:,} |")
    return "\n".join(lines)


def read(name: str):
    """What a target of the Makefile left in the builds; None, which is told, where it did not
    run: its table stays as it is."""
    path = ROOT / "build" / name
    if not path.exists():
        print(f"there is no {path}: the target that makes it did not run")
        return None
    return json.loads(path.read_text())


def main() -> None:
    path = ROOT / "docs/performance.md"
    replace_table(path, "make dist", text_table())
    if (counted := read("bench.json")) is not None:
        rows = [Row(**row) for row in counted]
        replace_table(path, "make bench, cnn28", peers_table(rows))
        replace_table(path, "make bench, all networks", networks_table(rows))
        if any(row.trained for row in rows):
            replace_table(path, "make bench DATA=folder", trained_table(rows))
            comparisons = ROOT / "docs/comparisons.md"
            replace_table(comparisons, "make bench DATA=folder", cmsis_table(rows))
    if (swept := read("sweep.json")) is not None:
        replace_table(path, "make sweep", table([Point(**point) for point in swept]))
    if (pytorch := read("pytorch.json")) is not None:
        rounds = "; ".join(f"{one['fqt']:,} and {one['pytorch']:,}" for one in pytorch["rounds"])
        said = (
            f"Steps a second, fqt under the unix port and PyTorch {pytorch['pytorch']}, by turns: "
            f"{rounds}. Median of the ratios: {pytorch['ratio']:.1f}."
        )
        replace_table(path, "make pytorch", said)


if __name__ == "__main__":
    main()
