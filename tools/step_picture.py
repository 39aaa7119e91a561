#!/usr/bin/env python3
"""Draw one training step of two layers: docs/step.svg.

tools/step_picture.py
"""

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt
from tables import ROOT

FORWARD, BACKWARD, WEIGHTS = "#1f6fb4", "#c23b22", "#3a7d44"
BOX = {"boxstyle": "round,pad=0.45", "linewidth": 1.4}
TOP, MIDDLE, BOTTOM = 3.1, 1.75, 0.4


def box(axis, x: float, y: float, text: str, color: str) -> None:
    axis.text(
        x,
        y,
        text,
        ha="center",
        va="center",
        fontsize=9.5,
        linespacing=1.5,
        bbox=BOX | {"edgecolor": color, "facecolor": "white"},
    )


def arrow(axis, start, end, color: str, text: str = "", above: float = 0.16) -> None:
    axis.annotate(
        "", xy=end, xytext=start, arrowprops={"arrowstyle": "-|>", "color": color, "lw": 1.6}
    )
    x, y = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
    axis.text(x, y + above, text, ha="center", va="center", fontsize=8.5, color=color)


def main() -> None:
    matplotlib.rcParams.update({"svg.hashsalt": "fqt", "font.family": "DejaVu Sans"})
    figure, axis = plt.subplots(figsize=(10.4, 4.1))
    axis.set_xlim(-0.2, 10.3)
    axis.set_ylim(-0.35, 3.85)
    axis.axis("off")
    for x, name in ((2.7, "layer 1"), (6.4, "layer 2")):
        box(axis, x, TOP, f"{name} forward\nsums in int32", FORWARD)
        box(axis, x, MIDDLE, "weights: int8\n+ 4 bits behind the point", WEIGHTS)
        box(axis, x, BOTTOM, f"{name} backward\ngradient of a filter in int32", BACKWARD)
        arrow(axis, (x - 0.35, MIDDLE + 0.38), (x - 0.35, TOP - 0.4), WEIGHTS, "", 0)
        arrow(axis, (x + 0.35, BOTTOM + 0.4), (x + 0.35, MIDDLE - 0.38), BACKWARD, "", 0)
    update = "update, rounded\nstochastically"
    axis.text(6.9, 1.08, update, fontsize=8.5, va="center", color=BACKWARD)
    box(axis, 0.35, TOP, "sample\nuint8, int8", FORWARD)
    box(axis, 9.4, TOP, "loss\nof the int32 sums", FORWARD)
    box(axis, 9.4, BOTTOM, "error of the output\nint8", BACKWARD)
    arrow(axis, (0.85, TOP), (1.85, TOP), FORWARD)
    arrow(axis, (3.55, TOP), (5.55, TOP), FORWARD, "activations, int8")
    arrow(axis, (7.25, TOP), (8.55, TOP), FORWARD, "int32")
    arrow(axis, (9.4, TOP - 0.4), (9.4, BOTTOM + 0.4), BACKWARD)
    arrow(axis, (8.35, BOTTOM), (7.72, BOTTOM), BACKWARD)
    arrow(axis, (5.08, BOTTOM), (4.02, BOTTOM), BACKWARD, "errors, int8", -0.3)
    axis.annotate(
        "",
        xy=(4.2, BOTTOM + 0.45),
        xytext=(4.2, TOP - 0.08),
        arrowprops={"arrowstyle": "-|>", "color": FORWARD, "lw": 1, "ls": "--"},
    )
    axis.text(4.27, MIDDLE, "kept for\ngradient", fontsize=8.5, va="center", color=FORWARD)
    figure.savefig(ROOT / "docs/step.svg", bbox_inches="tight", metadata={"Date": None})


if __name__ == "__main__":
    main()
