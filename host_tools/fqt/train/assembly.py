"""What a network takes from the layers that it is given: new ones become its own, those of another
network are copied with what they know. Nothing of a caller's changes unless all of it fits."""

from __future__ import annotations

import copy

from fqt.arguments import name_text
from fqt.layers.layer import Layer


def check_layers(layers) -> list[Layer]:
    """The layers as a list. Raises ValueError for anything else in it, and for a layer that is in
    it twice."""
    if isinstance(layers, (Layer, str)) or not hasattr(layers, "__iter__"):
        raise ValueError(f"layers are a list, not {type(layers).__name__}: write [Dense(2)]")
    layers = list(layers)
    if not layers:
        raise ValueError("a network needs at least one layer")
    for number, layer in enumerate(layers, 1):
        if isinstance(layer, type):
            raise ValueError(
                f"layer {number} is the class {layer.__name__}, not a layer of it: "
                f"write {layer.__name__}(...)"
            )
        if not isinstance(layer, Layer):
            raise ValueError(f"layer {number} must be one of fqt.layers, not {layer!r}")
        first = next(n for n, other in enumerate(layers, 1) if other is layer)
        if first != number:
            raise ValueError(
                f"layer {number} is layer {first} again: a layer has one place, make a second one"
            )
    return layers


def working_copies(layers: list[Layer]) -> list[Layer]:
    """Copies, to be built, with a name each: kind and number when none was given. Raises
    ValueError for two of the same name."""
    copies = [copy.deepcopy(layer) for layer in layers]
    taken = [layer.name for layer in copies if layer.name]
    for number, layer in enumerate(copies, 1):
        if not layer.name:
            while f"{layer.name_stem}_{number}" in taken:
                number += 1
            layer.name = f"{layer.name_stem}_{number}"
            taken.append(layer.name)
    names = [name_text("a layer's name", layer.name) for layer in copies]
    if len(set(names)) != len(names) or "input" in names:
        raise ValueError(f"layer names must differ, and from 'input': {', '.join(names)}")
    return copies


def adopted(layers: list[Layer], built: list[Layer]) -> list[Layer]:
    """The network's layers: a new layer itself, built now, and the copy of one that belongs to
    another network."""
    own = []
    for layer, copied in zip(layers, built, strict=True):
        if layer.is_built:
            own.append(copied)
        else:
            vars(layer).update(vars(copied))
            own.append(layer)
    return own
