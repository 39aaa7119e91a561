"""Weights that another tool trained, into a Sequential that describes the same network.

PyTorch's names and layouts are those of Module.state_dict(), Keras's of Model.weights. Arrays
whose names differ in their last part alone are a layer's; layers are taken in the order in which
they stand, or by name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

import numpy as np

from fqt.errors import of_file
from fqt.layers import BatchNormalization, Conv1D, Conv2D, Dense, DepthwiseConv2D, Flatten
from fqt.layers.layer import Layer
from fqt.layers.table import Table
from fqt.numpy_files import open_archive
from fqt.train.sequential import Sequential

# What other tools call a layer's arrays.
WEIGHTED = {
    "weights": ("weight", "kernel", "depthwise_kernel", "weights"),
    "biases": ("bias", "biases"),
}
NORMALIZATION = {
    "gamma": ("weight", "gamma"),
    "beta": ("bias", "beta"),
    "running_mean": ("running_mean", "moving_mean"),
    "running_variance": ("running_var", "moving_variance", "running_variance"),
}
# Without these a layer has zeros, of gamma ones.
OPTIONAL = ("biases", "gamma", "beta")
IGNORED = ("num_batches_tracked",)
# Of each layout the axes of weights [out][height][width][in], and of a depthwise layer's
# [channels][height][width]; convolutions of one axis have no height.
LAYOUTS = {
    "pytorch": {
        "conv": (0, 2, 3, 1),
        "conv1d": (0, 2, 1),
        "depthwise": (0, 1, 2),
        "dense": (0, 1),
    },
    "keras": {
        "conv": (3, 0, 1, 2),
        "conv1d": (2, 0, 1),
        "depthwise": (2, 0, 1),
        "dense": (1, 0),
    },
}


def load_weights(
    net: Sequential,
    source: str | os.PathLike | Mapping[str, np.ndarray],
    layout: str | None = None,
    names: Mapping[str, str] | None = None,
) -> None:
    """Give a network the weights of another tool.

    net: its layers with weights and its batch normalizations are those of the source, in its
    order. source: a NumPy archive, or a dictionary of arrays:
    {name: one.numpy() for name, one in module.state_dict().items()} of PyTorch,
    {one.path: one.numpy() for one in model.weights} of Keras; numpy.savez(path, **both) writes
    one. layout: "pytorch" (weights [out][in][height][width], images channels first) or "keras"
    ([height][width][in][out], channels last); None: as the names say ("weight" or "kernel").
    names: of a layer of net the name in the source, where the order does not tell: {"dense_4":
    "classifier.3"}.

    A layer without biases there has zeros here. Raises OSError, and ValueError that names the
    layer and the array for other numbers of layers, shapes, and numbers that are not finite;
    nothing has changed then.
    """
    if isinstance(source, Mapping):
        _load(net, source, layout, names or {})
        return
    with of_file(source):
        _load(net, open_archive(source), layout, names or {})


def _load(
    net: Sequential,
    arrays: Mapping[str, np.ndarray],
    layout: str | None,
    names: Mapping[str, str],
) -> None:
    groups = _groups(arrays)
    layers = [layer for layer in net.layers if layer.state]
    pairs = _pairs(layers, groups, names)
    layout = _layout(layout, groups)
    found = []
    for layer, group in pairs:
        of_layer = groups[group]
        table = NORMALIZATION if isinstance(layer, BatchNormalization) else WEIGHTED
        unknown = set(of_layer) - {name for several in table.values() for name in several}
        if unknown:
            raise ValueError(
                f"{layer.name} is a {layer.kind}, {group} has {', '.join(sorted(unknown))}: the "
                "layers are not those of the source, or in another order (names= tells)"
            )
        for key, several in table.items():
            given = next((of_layer[name] for name in several if name in of_layer), None)
            what = f"{layer.name}: {key} of {group}"
            found.append((layer, key, _array(net, layer, key, given, layout, what)))
    for layer, key, values in found:
        setattr(layer, key, values)


def _groups(arrays: Mapping[str, np.ndarray]) -> dict[str, dict[str, np.ndarray]]:
    """Arrays by layer, and by the last part of their names."""
    groups: dict[str, dict[str, np.ndarray]] = {}
    for name, values in arrays.items():
        *group, last = re.split(r"[./](?=[^./]*$)", str(name))
        last = last.removesuffix(":0")  # of TensorFlow's variables
        if last not in IGNORED:
            groups.setdefault("".join(group), {})[last] = np.asarray(values)
    return groups


def _pairs(
    layers: list[Layer], groups: Mapping[str, dict], names: Mapping[str, str]
) -> list[tuple[Layer, str]]:
    """Each layer with its group."""
    own = [layer.name for layer in layers]
    for layer, group in names.items():
        if layer not in own:
            raise ValueError(f"names: no layer with weights is called {layer!r}: {', '.join(own)}")
        if group not in groups:
            raise ValueError(f"names: the source has no {group!r}: {', '.join(groups) or 'none'}")
    rest = [group for group in groups if group not in names.values()]
    if len(rest) != len(layers) - len(names):
        raise ValueError(
            f"the network has {len(layers)} layers with weights ({', '.join(own)}), the source "
            f"{len(groups)} ({', '.join(groups) or 'none'}): describe its layers, all of them"
        )
    following = iter(rest)
    return [
        (layer, names[layer.name] if layer.name in names else next(following)) for layer in layers
    ]


def _layout(layout: str | None, groups: Mapping[str, dict]) -> str:
    if layout is not None:
        if layout not in LAYOUTS:
            raise ValueError(f"layout is {' or '.join(LAYOUTS)}, not {layout!r}")
        return layout
    lasts = {name for group in groups.values() for name in group}
    told = [
        name
        for name, words in (
            ("pytorch", {"weight"}),
            ("keras", {"kernel", "depthwise_kernel"}),
        )
        if lasts & words
    ]
    if len(told) != 1:
        raise ValueError(
            f"the names of the arrays do not say whose layout they have: say layout="
            f"{' or '.join(repr(name) for name in LAYOUTS)}"
        )
    return told[0]


def _array(net: Sequential, layer: Layer, key: str, given, layout: str, what: str) -> np.ndarray:
    """In the layer's own layout, float32."""
    wanted = layer.state[key].shape
    if given is None:
        if key not in OPTIONAL:
            raise ValueError(f"{what}: there is none")
        return np.full(wanted, key == "gamma", np.float32)
    if given.dtype.kind not in "iuf":
        raise ValueError(f"{what} is {given.dtype}, not numbers")
    values = _turned(net, layer, given, layout) if key == "weights" else given
    if values is None or values.shape != wanted:
        raise ValueError(
            f"{what} is {given.shape}, which as {layout} has it does not become {wanted}"
        )
    with np.errstate(over="ignore"):
        values = np.ascontiguousarray(values, np.float32)
    if not np.isfinite(values).all():
        raise ValueError(f"{what} has numbers that are not finite")
    return values


def _turned(net: Sequential, layer: Layer, given: np.ndarray, layout: str) -> np.ndarray | None:
    """Weights with their axes in the order of the layer's; None for another number of axes."""
    kind = (
        "depthwise"
        if isinstance(layer, DepthwiseConv2D)
        else "conv1d"
        if isinstance(layer, Conv1D) and given.ndim == 3
        else "conv"
        if isinstance(layer, Conv2D)
        else "dense"
    )
    if kind == "depthwise" and given.ndim == 4:  # one filter a channel
        single = {"pytorch": 1, "keras": 3}[layout]
        if given.shape[single] != 1:
            return None
        given = given.squeeze(single)
    axes = LAYOUTS[layout][kind]
    if given.ndim != len(axes):
        return None
    values = given.transpose(axes)
    if kind == "conv1d":
        return values[:, None]
    if isinstance(layer, Dense) and layout == "pytorch":
        return _channels_last(net, layer, values)
    return values


def _channels_last(net: Sequential, layer: Dense, weights: np.ndarray) -> np.ndarray:
    """Columns [channels][height][width] of a flattened image as [height][width][channels]."""
    tensor = net.inputs[net.layers.index(layer)][0]
    while tensor and isinstance(net.layers[tensor - 1], (Flatten, Table)):
        if isinstance(net.layers[tensor - 1], Flatten):
            tensor = net.inputs[tensor - 1][0]
            break
        tensor = net.inputs[tensor - 1][0]
    height, width, channels = net.shape_of(tensor)
    if weights.shape[1] != height * width * channels:
        return weights
    images = weights.reshape(len(weights), channels, height, width)
    return images.transpose(0, 2, 3, 1).reshape(weights.shape)
