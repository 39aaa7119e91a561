"""A picture of a model's arena over a training step, in text: each column a moment, each row a
part of the arena, the lowest offset below. What lives always, the parameters, has one row."""

from __future__ import annotations

from fqt.run.arena import SCRATCH, Place, places_in
from fqt.run.core import Model

ROWS = 12
COLUMNS = 68
MARKS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
NAMED = 12  # of the places that are told below the picture: the largest


def picture(model: Model) -> str:
    """Of a model that has not trained yet."""
    places = places_in(model)
    end = max(place.offset + place.size for place in places)
    start = places[0].size
    moments = max(place.last for place in places) + 1
    wide = max(1, min(4, COLUMNS // moments))
    shown = [moment * moments // COLUMNS for moment in range(COLUMNS)]
    columns = shown if moments > COLUMNS else list(range(moments))
    scratch = [place for place in places if place.what.startswith(SCRATCH)]
    moving = [place for place in places[1:] if place not in scratch]
    moving.sort(key=lambda place: -place.size)
    mark_of = {place: MARKS[i] if i < len(MARKS) else "*" for i, place in enumerate(moving)}
    mark_of |= {places[0]: "=", **dict.fromkeys(scratch, "~")}
    lines = []
    for row in reversed(range(ROWS)):
        middle = start + (2 * row + 1) * (end - start) // (2 * ROWS)
        marks = [_mark_at(places, mark_of, middle, moment) for moment in columns]
        top = start + (row + 1) * (end - start) // ROWS
        lines.append(f"{top:9,d} |" + "".join(mark * wide for mark in marks).rstrip())
    lines.append(f"{start:9,d} |" + "=" * len(columns) * wide)
    layers = len(model.model.layers)
    backward = columns.index(next(m for m in columns if m > layers)) * wide
    lines.append(f"{'':9} +" + "forward".ljust(backward, "-") + "backward".ljust(8, "-"))
    said = [f"{mark_of[place]} {place.what} {place.size:,}" for place in moving[:NAMED]]
    more = [f"and {len(moving) - NAMED} less"] if len(moving) > NAMED else []
    most_scratch = max(place.size for place in scratch)
    fixed = [f"= {places[0].what} {places[0].size:,}", f"~ {SCRATCH} up to {most_scratch:,}"]
    lines += _wrapped([*fixed, *said, *more])
    most, at = max((_bytes_at(places, moment), -moment) for moment in range(moments))
    lines.append(f"  most lives {_moment(model, -at)}: {most:,} of {end:,} bytes")
    return "\n".join(lines)


def _mark_at(places: list[Place], mark_of: dict[Place, str], offset: int, moment: int) -> str:
    for place in places:
        if place.first <= moment <= place.last and 0 <= offset - place.offset < place.size:
            return mark_of[place]
    return " "


def _bytes_at(places: list[Place], moment: int) -> int:
    return sum(place.size for place in places if place.first <= moment <= place.last)


def _moment(model: Model, moment: int) -> str:
    names = [layer.name for layer in model.model.layers]
    if moment == 0:
        return "as the input arrives"
    if moment == len(names) + 1:
        return "at the loss"
    if moment <= len(names):
        return f"as {names[moment - 1]} runs forward"
    return f"as {names[2 * len(names) + 1 - moment]} runs backward"


def _wrapped(parts: list[str]) -> list[str]:
    lines, line = [], " "
    for part in parts:
        if len(line) + len(part) > COLUMNS + 20:
            lines.append(line.rstrip(", ") + ",")
            line = " "
        line += f" {part},"
    return [*lines, line.rstrip(",")]
