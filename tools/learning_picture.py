#!/usr/bin/env python3
"""Draw a board that learns, as an SVG that moves: docs/learning.svg, of a run on an emulated
Cortex-M4F (learning_run.py). `make picture` calls it.

    tools/learning_picture.py

The picture plays once and rests at its end; where less motion is wished (prefers-reduced-motion,
as far as a browser tells images that), it is the end from the start. Nothing in it is a script, so
that pages which show images show it.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from learning_run import Learning, on_a_board
from tables import ROOT

from fqt.emulator import KINDS

PICTURE = ROOT / "docs/learning.svg"
WIDTH, HEIGHT = 900, 322
STEP = 0.6  # seconds that a moment is shown
DIGIT, GAP, LEFT, TOP = 60, 18, 24, 92  # of the images
CHART = (470, 876, 92, 264)  # left, right, top, bottom
STYLE = """
svg { --card: #fff; --text: #1c2733; --quiet: #55616e; --line: #c9d0d8; --right: #0b62b8;
    --wrong: #b00020; font: 14px system-ui, sans-serif; }
@media (prefers-color-scheme: dark) { svg { --card: #1b222a; --text: #e8edf2; --quiet: #a9b4c0;
    --line: #3b4753; --right: #6db3ff; --wrong: #ff8a95; } }
text { fill: var(--text); } .quiet { fill: var(--quiet); font-size: 12px; }
.title { font-size: 17px; font-weight: 600; } .told { font-size: 17px; }
.said { font-size: 17px; font-weight: 600; text-anchor: middle; }
.right { fill: var(--right); } .wrong { fill: var(--wrong); }
.card { fill: var(--card); stroke: var(--line); } .paper { fill: #fff; stroke: var(--line); }
.ink { fill: #1c2733; } .grid { stroke: var(--line); } .cover { fill: var(--card); }
.curve { fill: none; stroke: var(--right); stroke-width: 2.5; stroke-linejoin: round; }
.past { opacity: 0; }
.cover { transform: scaleX(0); transform-box: fill-box; transform-origin: right; }
"""


class Clock:
    """When moments begin, in percent of the time that the picture plays."""

    def __init__(self, moments: int):
        self.moments = moments
        self.seconds = moments * STEP

    def at(self, moment: int) -> str:
        return f"{100 * moment * STEP / self.seconds:.2f}%"

    def shown(self, first: int, end: int) -> str:
        """Keyframes of what is there from one moment until another."""
        before = "" if first == 0 else "0% { opacity: 0; } "
        after = "" if end == self.moments else f" {self.at(end)} {{ opacity: 0; }}"
        return f"{before}{self.at(first)} {{ opacity: 1; }}{after}"

    def moved(self, transforms: Sequence[str]) -> str:
        """Keyframes of what has a place for each moment."""
        places = [f"{self.at(i)} {{ transform: {one}; }}" for i, one in enumerate(transforms)]
        return " ".join([*places, f"100% {{ transform: {transforms[-1]}; }}"])


def runs(values: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """(value, first, end) of each stretch of equal values."""
    first = 0
    for i in range(1, len(values) + 1):
        if i == len(values) or values[i] != values[first]:
            yield values[first], first, i
            first = i


def draw(learning: Learning) -> str:
    """The picture, as the text of an SVG file."""
    moments = learning.moments
    clock = Clock(len(moments))
    shares = [moment.right / learning.tests for moment in moments]
    title = "A board learns digits of a sensor that was mounted sideways"
    parts = [
        f'<rect class="card" x=".5" y=".5" width="{WIDTH - 1}" height="{HEIGHT - 1}" rx="8"/>',
        f'<text class="title" x="{LEFT}" y="36">{title}</text>',
        f'<text class="quiet" x="{LEFT}" y="60">What the sensor sees, and what the network '
        "says it is</text>",
    ]
    for label, image in enumerate(learning.images):
        parts += _digit(label, image, [moment.answers[label] for moment in moments], clock)
    parts += _chart([moment.samples for moment in moments], shares)
    for i, (moment, share) in enumerate(zip(moments, shares, strict=True)):
        when = f"after {moment.samples:,} samples" if moment.samples else "before it trains"
        told = f"{when}: {100 * share:.1f}% right"
        parts.append(
            f'<text class="told {_interval(i, i + 1, clock)}" x="{CHART[0]}" y="60">{told}</text>'
        )
    parts.append(
        f'<text class="quiet" x="{LEFT}" y="{HEIGHT - 14}">Cortex-M4F, emulated, under '
        f"MicroPython; 8-bit integers; {learning.memory:,} bytes of RAM for network and training"
        "</text>"
    )
    description = (
        f"{title}: of {learning.tests} test digits it recognises {100 * shares[0]:.1f}% before "
        f"and {100 * shares[-1]:.1f}% after {moments[-1].samples:,} samples."
    )
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
            f'width="{WIDTH}" height="{HEIGHT}" role="img">',
            f"<title>{description}</title>",
            f"<style>{STYLE}{_motion(learning, shares, clock)}</style>",
            *parts,
            "</svg>\n",
        ]
    )


def _interval(first: int, end: int, clock: Clock) -> str:
    """The classes of what is there from one moment until another; the end stays."""
    return f"m{first}-{end}" + ("" if end == clock.moments else " past")


def _digit(label: int, image: np.ndarray, answers: list[int], clock: Clock) -> list[str]:
    x = LEFT + label % 5 * (DIGIT + GAP)
    y = TOP + label // 5 * (DIGIT + 40)
    cell = DIGIT / 8
    parts = [f'<rect class="paper" x="{x}" y="{y}" width="{DIGIT}" height="{DIGIT}"/>']
    for level in np.unique(image[image > 0]):
        dots = "".join(
            f"M{x + cell * column:g} {y + cell * row:g}h{cell:g}v{cell:g}h-{cell:g}z"
            for row, column in np.argwhere(image == level)
        )
        parts.append(f'<path class="ink" opacity="{level / 240:.2f}" d="{dots}"/>')
    for answer, first, end in runs(answers):
        kind, sign = ("right", "✓") if answer == label else ("wrong", "✗")
        place = f'x="{x + DIGIT // 2}" y="{y + DIGIT + 20}"'
        classes = f"said {kind} {_interval(first, end, clock)}"
        parts.append(f'<text class="{classes}" {place}>{answer} {sign}</text>')
    return parts


def _place(samples: int, share: float, most: int) -> tuple[float, float]:
    left, right, top, bottom = CHART
    return left + (right - left) * samples / most, bottom - (bottom - top) * share


def _chart(samples: list[int], shares: list[float]) -> list[str]:
    left, right, top, bottom = CHART
    most = samples[-1]
    points = [_place(*one, most) for one in zip(samples, shares, strict=True)]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    parts = [
        f'<polyline class="curve" points="{line}"/>',
        f'<rect class="cover" x="{left + 1}" y="{top - 6}" width="{right - left + 6}" '
        f'height="{bottom - top + 10}"/>',
    ]
    for share in (0, 0.25, 0.5, 0.75, 1):
        y = _place(0, share, most)[1]
        parts += [
            f'<path class="grid" d="M{left} {y:g}H{right}"/>',
            f'<text class="quiet" x="{left - 6}" y="{y + 4:g}" text-anchor="end">'
            f"{100 * share:g}%</text>",
        ]
    for tick in range(0, most + 1, most // 4):
        x = _place(tick, 0, most)[0]
        anchor = "end" if tick == most else "middle"
        parts.append(
            f'<text class="quiet" x="{x:g}" y="{bottom + 18}" text-anchor="{anchor}">'
            f"{tick:,}</text>"
        )
    parts.append(
        f'<text class="quiet" x="{right}" y="{bottom + 36}" text-anchor="end">samples</text>'
    )
    return [*parts, '<circle class="right dot" r="5"/>']


def _motion(learning: Learning, shares: list[float], clock: Clock) -> str:
    """Where things are at the end; and where motion is welcome, on the way there."""
    left, right, _, _ = CHART
    samples = [moment.samples for moment in learning.moments]
    places = [_place(*one, samples[-1]) for one in zip(samples, shares, strict=True)]
    dot = clock.moved([f"translate({x:.1f}px, {y:.1f}px)" for x, y in places])
    cover = clock.moved([f"scaleX({(right + 7 - x) / (right - left + 6):.4f})" for x, _ in places])
    intervals = {(i, i + 1) for i in range(clock.moments)}
    for label in range(len(learning.images)):
        answers = [moment.answers[label] for moment in learning.moments]
        intervals |= {(first, end) for _, first, end in runs(answers)}
    rules = [f"@keyframes dot {{ {dot} }}", f"@keyframes cover {{ {cover} }}"]
    timing = f"{clock.seconds:g}s"
    rules += [
        f".dot {{ animation: dot {timing} linear; }}",
        f".cover {{ animation: cover {timing} linear; }}",
    ]
    for first, end in sorted(intervals):
        name = f"m{first}-{end}"
        rules.append(f"@keyframes {name} {{ {clock.shown(first, end)} }}")
        rules.append(f".{name} {{ animation: {name} {timing} step-end; }}")
    rest = f".dot {{ transform: translate({places[-1][0]:.1f}px, {places[-1][1]:.1f}px); }}"
    moving = "\n".join(rules)
    return f"{rest}\n@media (prefers-reduced-motion: no-preference) {{\n{moving}\n}}\n"


def main(path: Path = PICTURE) -> None:
    board = next(kind for kind in KINDS if kind.board == "CORTEX_M4F")
    path.write_text(draw(on_a_board(board)))
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
