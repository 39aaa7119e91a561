"""What lies where in a model's arena over a training step, as the core plans it
(natmod/core/model/fqt_plan.c)."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass

from fqt.run.core import Model

SCRATCH = "scratch"  # how the names of its places begin


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
    targets) first, then each activation and error, the outputs, and the scratch of each pass."""
    layers = [layer.name for layer in model.model.layers]
    count = len(layers)
    found = [Place("parameters", 0, model._call("parameters"), 0, 2 * count + 1)]
    places = (ctypes.c_uint32 * 4 * (4 * count + 2))()
    model._call("places", ctypes.byref(places))
    for number, (offset, size, first, last) in enumerate(places):
        at, kind = divmod(number, 4)
        tensor = "input" if at == 0 else layers[at - 1]
        what = (
            "outputs" if at == count else f"activation {tensor}",
            f"error {tensor}",
            f"{SCRATCH} forward {layers[at % count]}",
            f"{SCRATCH} backward {layers[at % count]}",
        )[kind]
        if size > 0:
            found.append(Place(what, offset, size, first, min(last, 2 * count + 1)))
    return found
