"""How the cost of a training step grows: networks of many widths, depths and input sizes on an
emulated Cortex-M4F, against their multiply-adds (`fqt sweep`)."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from fqt.device import bench
from fqt.layers import Conv2D, Dense
from fqt.plotting import pyplot
from fqt.train.quantize import quantize
from fqt.train.reference_networks import images
from fqt.train.sequential import Sequential

CORE = "m4"
WIDTHS = (4, 8, 12, 16, 24, 32)
DEPTHS = (1, 2, 3, 4, 6, 8)
SIZES = (12, 16, 20, 24, 32, 40, 48)


@dataclass(frozen=True)
class Point:
    """One network. swept: "width" (channels of the convolutions), "depth" (convolutions behind
    the first) or "size" (the input's height and width); multiply_adds: of a whole step, forward,
    error and update."""

    swept: str
    value: int
    multiply_adds: int
    predict_cycles: int
    step_cycles: int
    ram_bytes: int


def _network(width: int, depth: int, size: int) -> Sequential:
    layers = [Conv2D(width, 3, stride=2, padding="same", activation="relu")]
    layers += [Conv2D(width, 3, padding="same", activation="relu") for _ in range(depth)]
    return Sequential([*layers, Dense(10)], (size, size, 1), seed=1, name="sweep")


def _measure(swept: str, value: int) -> Point:
    settings = {"width": 8, "depth": 1, "size": 16, swept: value}
    net = _network(**settings)
    model = quantize(net, images(net.input_shape, 32) / np.float32(255))
    rows = {row.phase: row for row in bench.measure(model, CORE)}
    return Point(
        swept,
        value,
        sum(row.multiply_adds for row in rows.values()),
        rows["predict"].cycles or 0,
        rows["step"].cycles or 0,
        rows["step"].ram_bytes,
    )


def sweep() -> list[Point]:
    """Measure all; raises as fqt.device.bench.measure does."""
    jobs = [
        (swept, value)
        for swept, values in (("width", WIDTHS), ("depth", DEPTHS), ("size", SIZES))
        for value in values
    ]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(lambda job: _measure(*job), jobs))


def line_through(points: list[Point]) -> tuple[float, float, float]:
    """The straight line of step cycles over multiply-adds: cycles a multiply-add, cycles besides,
    and R squared."""
    work = np.array([point.multiply_adds for point in points], float)
    cycles = np.array([point.step_cycles for point in points], float)
    slope, rest = np.polyfit(work, cycles, 1)
    left = cycles - (slope * work + rest)
    return slope, rest, 1 - (left**2).sum() / ((cycles - cycles.mean()) ** 2).sum()


def table(points: list[Point]) -> str:
    """The points as Markdown, and their lines."""
    lines = [
        "| swept | value | multiply-adds of a step | cycles | each | predict, cycles | RAM |",
        "|---|---|---|---|---|---|---|",
    ]
    for point in points:
        each = point.step_cycles / point.multiply_adds
        lines.append(
            f"| {point.swept} | {point.value} | {point.multiply_adds:,} | {point.step_cycles:,} | "
            f"{each:.2f} | {point.predict_cycles:,} | {point.ram_bytes:,} |"
        )
    lines.append("")
    for swept in ("width", "depth", "size"):
        slope, rest, fit = line_through([point for point in points if point.swept == swept])
        lines.append(
            f"{swept}: cycles = {slope:.2f} * multiply-adds + {rest:,.0f} (R squared {fit:.4f})\n"
        )
    return "\n".join(lines).rstrip()


def write(points: list[Point], path: Path) -> None:
    path.write_text(json.dumps([asdict(point) for point in points], indent=1) + "\n")


def plot(points: list[Point], path: Path) -> None:
    """Step cycles over multiply-adds, a line for each sweep. Raises RuntimeError without
    matplotlib."""
    figure, axes = pyplot().subplots(figsize=(6, 4), layout="constrained")
    for swept in ("width", "depth", "size"):
        chosen = [point for point in points if point.swept == swept]
        axes.plot(
            [point.multiply_adds / 1e6 for point in chosen],
            [point.step_cycles / 1e6 for point in chosen],
            marker="o",
            label=swept,
        )
    axes.set(
        title="one training step, Cortex-M4F (estimated)",
        xlabel="million multiply-adds, forward, error and update",
        ylabel="million cycles",
    )
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=120)
