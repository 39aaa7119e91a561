"""What lies where in a model's arena over a training step, as the core plans it
(natmod/core/model/fqt_plan.c)."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass

from fqt.run.core import Model


@dataclass(frozen=True)
class Place:
    """Something in the arena: its offset and bytes, and the first and the last moment of a step at
    which it lives: 0 the input arrives, i layer i (from 1) runs forward, n + 1 the loss, then the
    layers run backward, the last one first."""

    what: str
    offset: int
    size: int
    first: int
    last: int


def places_in(model: Model) -> list[Place]:
    """Of a model that has not trained yet: what lives always ("parameters", with maps, texts and
    targets) first, each activation and error, and last the scratch, which all layers share."""
    layout = (ctypes.c_uint32 * 3)()
    model._call("layout", ctypes.byref(layout))
    parameters, scratch, end = layout
    moments = 2 * len(model.model.layers) + 1
    found = [Place("parameters", 0, parameters, 0, moments)]
    names = ["input", *(layer.name for layer in model.model.layers)]
    place = (ctypes.c_uint32 * 4)()
    for buffer in range(2 * len(names)):
        if model._call("place", buffer, ctypes.byref(place)):
            offset, size, first, last = place
            what = ("activation", "error")[buffer % 2]
            named = f"{what} {names[buffer // 2]}"
            found.append(Place(named, offset, size, first, min(last, moments)))
    return [*found, Place("scratch", scratch, end - scratch, 1, moments)]
