"""`fqt bench`: instructions and estimated cycles on emulated cores, by layer and by phase.

The module runs under MicroPython on an emulated board; a QEMU plugin (tools/cyclemodel) counts
what is executed between marks that bench_device.py sets, and estimates cycles from published
timings. Counts repeat exactly. Cycles are a model: no flash wait states, no caches.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from itertools import cycle, groupby, islice
from pathlib import Path

import numpy as np

from fqt.device import emulator
from fqt.device.elf import TABLES, TEXT, counted_places, section_bytes
from fqt.file.model_file import ModelFile
from fqt.options import Options
from fqt.run import core as host
from fqt.train.reference_networks import NETWORKS, images

# A word that nothing else writes: a register that is none (mps2), RAM behind the firmware's.
MARKERS = {"RV32": 0x87FFF000, "XTENSA": 0x61FFF000}
MARKER = 0x40028000
PARTS = ("forward", "error", "update")
CALLS = ("predict", "step")
WARM_UP_STEPS = 8
EMPTY_COUNTS = 3  # as in bench_device.py: the least of them is what counting itself costs
# Firmware with larger and larger heaps, and the greatest model for each, bytes of RAM; the largest
# for Arm alone.
ARM = "qemu-system-arm"
HEAPS = {"firmware": 50_000, "firmware_large_heap": 250_000, "firmware_models": 2_000_000}
DEVICE_SCRIPT = Path(__file__).parent / "bench_device.py"


@dataclass(frozen=True)
class Core:
    """A core that can be measured. timing: the plugin's model for it. shares_bus: code in RAM
    comes over the bus of its data."""

    board: str
    architecture: str
    timing: str
    shares_bus: bool = False


CORES = {
    "m0p": Core("CORTEX_M3", "armv6m", "m0p"),
    "m3": Core("CORTEX_M3", "armv7m", "m4", shares_bus=True),
    "m4": Core("CORTEX_M4F", "armv7emsp", "m4", shares_bus=True),
    "m4plain": Core("CORTEX_M4F", "armv7emsp", "m4plain"),
    "m33": Core("CORTEX_M4F", "armv7emsp", "m33"),
    "m7": Core("CORTEX_M7F", "armv7emdp", "m7"),
    "hazard3": Core("RV32", "rv32imc", "hazard3"),
    "esp32c3": Core("RV32", "rv32imc", "esp32c3"),
    "esp32s3": Core("XTENSA", "xtensawin", "xtensa5"),
    "esp32": Core("XTENSA", "xtensawin", "xtensa7"),
}
TOLD = ("m0p", "m3", "m4", "m33", "m7")  # the cores of `fqt bench` without a model
# Also told of these networks: cycles by the model with which others' code was counted.
COMPARED, COMPARED_BY = ("cnn28", "cnn28_last"), "m4plain"
TRAINED_TOLD = ("m0p", "m4", "m33", "m7", COMPARED_BY)  # the cores of trained networks


@dataclass(frozen=True)
class RealSamples:
    """x: [n] inputs in a model's type, of which the first WARM_UP_STEPS are trained on before
    anything is counted; labels: [n]."""

    x: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True)
class Row:
    """One measurement. phase: "predict" and "step" as called from Python; "forward LAYER", "loss",
    "select LAYER", "error LAYER", "update LAYER" and "end" are the parts of the step. ram_bytes:
    what the model took of MicroPython's heap, which running does not raise; text_bytes: the
    module's code and constants; bus_cycles: cycles where code and data share the bus of one RAM,
    as a native module and its data do, least and most; None where that costs nothing;
    multiply_adds: of a layer's forward, error or update as the textbook counts them,
    zeros and all (0 for other phases); trained: of a network that real data have trained, on
    samples of these."""

    net: str
    core: str
    arch: str
    phase: str
    multiply_adds: int
    insns: int
    cycles: int
    ram_bytes: int
    text_bytes: int
    bus_cycles: tuple[int, int] | None = None
    trained: bool = False


def module_of(core: Core, has_parts: bool = True) -> Path:
    """The module that is measured there: one that takes a step apart, or that which users have."""
    kinds = "natmod_profile" if has_parts else "natmod"
    return emulator.module(core.architecture, kinds)


def phases(model: ModelFile, has_parts: bool = True) -> list[str]:
    """What bench_device.py counts, in its order; not every layer has all of its backward parts."""
    trains = any(layer.trainable for layer in model.layers)
    calls = ["predict"] + ["step"] * trains
    if not has_parts:
        return calls
    result = calls + [f"forward {layer.name}" for layer in model.layers]
    return [*result, "loss", *_backward(model), "end"] if trains else result


def _backward(model: ModelFile) -> list[str]:
    names = [layer.name for layer in reversed(model.layers)]
    return [f"{part} {name}" for name in names for part in ("select", "error", "update")]


def _multiply_adds(model: ModelFile) -> dict[str, int]:
    """Of each phase of a layer with weights."""
    return {
        f"{part} {layer.name}": model.multiply_adds(index)
        for index, layer in enumerate(model.layers)
        if layer.has_weights
        for part in PARTS
    }


def cycles_a_multiply_add(rows: list[Row]) -> dict[str, float]:
    """Of one network on one core: the mean over its layers with weights, for "forward", "error"
    and "update"."""
    means = {}
    for part in PARTS:
        chosen = [
            (row.cycles, row.multiply_adds)
            for row in rows
            if row.phase.startswith(part) and row.multiply_adds
        ]
        if chosen:
            cycles, work = zip(*chosen, strict=True)
            means[part] = sum(cycles) / sum(work)
    return means


def measure(
    model: ModelFile,
    core: str,
    master: int = 8,
    options: Options = Options(),  # noqa: B008 (immutable)
    samples: np.ndarray | RealSamples | None = None,
    has_parts: bool = True,
    count: int | None = None,
) -> list[Row]:
    """Run a model on an emulated core. samples: [n] inputs in the model's type, over which counts
    are averaged, with labels made up where they have none; an image made up when None. has_parts:
    take a step apart; else calls are counted whole, of the module that users have. count: steps to
    count, on the samples again and again; None: one on each sample. Raises OSError
    when something is not built, RuntimeError with the board's output when the run fails."""
    chosen = CORES[core]
    kind = next(
        kind
        for kind in emulator.KINDS
        if (kind.board, kind.architecture) == (chosen.board, chosen.architecture)
    )
    plugin = emulator.build() / "cyclemodel.so"
    module = module_of(chosen, has_parts)
    kind = replace(kind, builds=_heap_for(host.Model(model, master).memory, kind))
    firmware = emulator.firmware(kind)
    product = emulator.module(chosen.architecture)  # whose text is told
    for path in (plugin, module, firmware, product):
        if not path.exists():
            raise OSError(f"{path} is missing: `make bench` builds it")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        counts = folder / "counts.txt"
        marker = MARKERS.get(chosen.board, MARKER)
        settings = f"core={chosen.timing},marker={marker},{counted_places(firmware)},out={counts}"
        board = emulator.Board(kind, folder, ("-plugin", f"{plugin},{settings}"))
        try:
            x, steps = _steps(model, samples, count)
            least, greatest = options.update_rate
            wanted = f"model.fqt {master} {WARM_UP_STEPS} {len(x)} {least} {greatest} "
            wanted += f"{options.sample_updates} {marker} {has_parts}"
            board.put("fqt.mpy", module.read_bytes())
            board.put("model.fqt", model.to_bytes())
            board.put("bench.x", x.tobytes())
            board.put("bench.steps", np.array(steps, "<u2").tobytes())
            board.put("bench.txt", wanted.encode())
            printed = board.run(DEVICE_SCRIPT)
        finally:
            board.close()
        facts = dict(line.split() for line in printed.splitlines())
        lines = [
            [int(field) for field in line.split()] for line in counts.read_text().splitlines()
        ]
    names = phases(model, has_parts)
    counted_steps = len(steps) - WARM_UP_STEPS
    if len(lines) != counted_steps * len(names) + EMPTY_COUNTS:
        raise RuntimeError(
            f"{len(lines)} counts for {len(names)} parts of {counted_steps} steps: {printed}"
        )
    backward = _backward(model) if has_parts else []
    has_part = dict(zip(backward, facts["parts"], strict=has_parts and "step" in names))
    work = _multiply_adds(model)
    overhead = min(lines[:EMPTY_COUNTS])
    counted = np.array(lines[EMPTY_COUNTS:]).reshape(counted_steps, len(names), -1) - overhead
    means = counted.mean(axis=0).round().astype(int).tolist()
    text = section_bytes(product, TEXT + TABLES)  # what it takes of RAM besides its Python part
    return [
        Row(
            model.name,
            core,
            chosen.architecture,
            phase,
            work.get(phase, 0),
            mean[0],
            mean[1],
            int(facts["heap"]),
            text,
            (mean[6], mean[7]) if chosen.shares_bus else None,
            isinstance(samples, RealSamples),
        )
        for phase, mean in zip(names, means, strict=True)
        if has_part.get(phase) != "0"
    ]


def _heap_for(memory: int, kind: emulator.Kind) -> str:
    """Of HEAPS; the largest that the board has for those that none has room for: it says so."""
    has_room = [builds for builds in HEAPS if kind.emulator == ARM or builds != "firmware_models"]
    return next((builds for builds in has_room if memory <= HEAPS[builds]), has_room[-1])


def _steps(
    model: ModelFile, samples: np.ndarray | RealSamples | None, count: int | None
) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """The inputs, and of each step the index of its input and its label: WARM_UP_STEPS, then those
    to count."""
    if isinstance(samples, RealSamples):
        labelled = list(enumerate(samples.labels.tolist()))
        warm_up, counted = labelled[:WARM_UP_STEPS], labelled[WARM_UP_STEPS:]
        x = samples.x
    else:
        if samples is None:
            x = images(model.input_shape, 1)
            x = x if model.input_type == "uint8" else (x ^ 0x80).view(np.int8)
        else:
            x = samples
        warm_up = [(i % len(x), i % model.classes) for i in range(WARM_UP_STEPS)]
        counted = [(i, 0) for i in range(len(x))]
    return x, warm_up + list(islice(cycle(counted), count or len(counted)))


def table(rows: list[Row]) -> str:
    """Rows as text, one network and core after another; cycles also by multiply-add."""
    lines = []
    of_one = groupby(rows, lambda row: (row.net, row.core, row.trained))
    for (net, core, trained), rows_of_one in of_one:
        group = list(rows_of_one)
        lines.append(
            f"{net}{', trained,' * trained} on {core} ({group[0].arch}): "
            f"RAM {group[0].ram_bytes} bytes, text {group[0].text_bytes} bytes"
        )
        lines.append(
            f"  {'':24} {'multiply-adds':>13} {'instructions':>12} {'cycles':>12} {'each':>6}"
        )
        for row in group:
            work = f"{row.multiply_adds:13,d}" if row.multiply_adds else f"{'':13}"
            mean = f"{row.cycles / row.multiply_adds:6.2f}" if row.multiply_adds else ""
            lines.append(
                f"  {row.phase:24} {work} {row.insns:12,d} {row.cycles:12,d} {mean}".rstrip()
            )
        means = cycles_a_multiply_add(group)
        if means:
            said = ", ".join(f"{part} {mean:.2f}" for part, mean in means.items())
            lines.append(f"  cycles a multiply-add, mean over the layers: {said}")
        shared = [
            f"{row.phase} {row.bus_cycles[0]:,} to {row.bus_cycles[1]:,}"
            for row in group
            if row.phase in CALLS and row.bus_cycles is not None
        ]
        if shared:
            lines.append(f"  where code and data share the bus of one RAM: {', '.join(shared)}")
    return "\n".join(lines)


def bench_all(path: Path, trained: Iterable[tuple[ModelFile, RealSamples]] = ()) -> list[Row]:
    """Measure every reference network on every core that is told, and what is compared; then
    trained ones, their calls whole. Write the rows as JSON, and return them."""
    jobs: list[tuple[ModelFile, str, RealSamples | None]]
    jobs = [(net(), core, None) for net in NETWORKS.values() for core in TOLD]
    jobs += [(NETWORKS[name](), COMPARED_BY, None) for name in COMPARED]
    jobs += [(net, core, x) for net, x in trained for core in TRAINED_TOLD]

    def rows_of(job: tuple[ModelFile, str, RealSamples | None]) -> list[Row]:
        model, core, samples = job
        return measure(model, core, samples=samples, has_parts=samples is None)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        rows = [row for result in pool.map(rows_of, jobs) for row in result]
    path.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")
    return rows
