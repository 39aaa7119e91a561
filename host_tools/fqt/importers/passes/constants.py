"""Constants that multiply and shift channels, as batch normalisation, scalers of the samples and
rescaling layers do. In this order they become part of

* the map of the network's input, which a device applies to numbers in the user's units,
* the weights of the layer before,
* the weights of the layer behind,
* a layer of their own, a depthwise convolution of 1 x 1.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fqt.importers.graph import Graph, Operation, Tensor, refuse
from fqt.importers.passes.edits import is_alone, remove

WEIGHTED = ("convolution", "dense")
FOLDED = "put it behind a convolution or a dense layer, or bring the samples to that range before"


def fold_constants(graph: Graph) -> None:
    """The graph is changed: no operation is affine any more. Raises ValueError for constants that
    are not one a channel."""
    for output in [one.output for one in graph.operations if one.kind == "affine"]:
        operation = graph.maker(output)
        assert operation is not None
        ways = (_into_input_map, _into_layer_before, _into_layer_behind)
        if any(way(graph, operation) for way in ways):
            remove(graph, operation)
        else:
            _as_layer(graph, operation)


def _constants(graph: Graph, operation: Operation) -> list[np.ndarray]:
    """Factor and shift of each element, float64 of the input's shape."""
    shape = graph.tensors[operation.inputs[0]].shape
    return [
        np.broadcast_to(operation.attributes[name], shape).astype(np.float64)
        for name in ("factor", "shift")
    ]


def _into_input_map(graph: Graph, operation: Operation) -> bool:
    """Where nothing but moved elements lies between the input and it."""
    factor, shift = _constants(graph, operation)
    name = operation.inputs[0]
    while (maker := graph.maker(name)) is not None:
        if not is_alone(graph, name) or maker.kind not in ("reshape", "transpose"):
            return False
        name = maker.inputs[0]
        shape = graph.tensors[name].shape
        if maker.kind == "reshape":
            factor, shift = factor.reshape(shape), shift.reshape(shape)
        else:
            back = np.argsort(maker.attributes["axes"])
            factor, shift = factor.transpose(back), shift.transpose(back)
    is_float = graph.tensors[name].quantization is None
    if not is_float or not is_alone(graph, name) or factor.min() <= 0:
        return False
    offset, scale = (
        np.stack([np.zeros(factor.size), np.ones(factor.size)])
        if graph.input_map is None
        else graph.input_map
    )
    scale = scale / factor.ravel()  # of (x - offset) / scale * factor + shift
    graph.input_map = np.stack([offset - shift.ravel() * scale, scale])
    return True


def _into_layer_before(graph: Graph, operation: Operation) -> bool:
    """(w * x + b) * factor + shift: w * factor and b * factor + shift of each output."""
    name = operation.inputs[0]
    while is_alone(graph, name) and (maker := graph.maker(name)) is not None:
        if maker.kind in WEIGHTED and maker.attributes["activation"] == "none":
            break
        if maker.kind != "reshape":
            return False
        name = maker.inputs[0]
    else:
        return False
    weights, biases = _parameters(graph, maker)
    constants = _constants(graph, operation)
    if maker.kind == "convolution":
        shape = graph.tensors[maker.output].shape
        constants = [_by_channel(graph, operation, one.reshape(shape)) for one in constants]
    factor, shift = (one.ravel() for one in constants)
    if len(factor) != len(weights):
        return False  # what does not fit is told where layers are made
    scaled = weights * factor.reshape(-1, *[1] * (weights.ndim - 1))
    _set_parameters(graph, maker, scaled, biases * factor + shift)
    return True


def _into_layer_behind(graph: Graph, operation: Operation) -> bool:
    """w * (x * factor + shift) + b: w * factor of each input, and b with the sum of w * shift; not
    where zeros around an image would have to be shifted."""
    name = operation.output
    while is_alone(graph, name):
        (reader,) = graph.readers(name)
        if reader.kind in WEIGHTED and reader.inputs[0] == name:
            break
        if reader.kind != "reshape":
            return False
        name = reader.output
    else:
        return False
    shape = graph.tensors[name].shape
    factor, shift = (one.reshape(shape) for one in _constants(graph, operation))
    weights, biases = _parameters(graph, reader)
    if reader.kind == "dense":
        factors, shifts = factor.ravel(), shift.ravel()
        if weights.shape[1:] != factors.shape:
            return False  # what does not fit is told where layers are made
    else:
        if any(reader.attributes["padding"]) and shift.any():
            return False
        groups, own = reader.attributes["groups"], weights.shape[-1]
        first = np.arange(len(weights)) // max(len(weights) // groups, 1) * own
        read = first[:, None, None, None] + np.arange(own)
        channels = [_by_channel(graph, operation, one) for one in (factor, shift)]
        if read.max() >= len(channels[0]):
            return False
        factors, shifts = (one[read] for one in channels)
    more = (weights * shifts).reshape(len(weights), -1).sum(axis=1)
    _set_parameters(graph, reader, weights * factors, biases + more)
    return True


def _as_layer(graph: Graph, operation: Operation) -> None:
    read = _image_read(graph, operation.inputs[0])
    shape = graph.tensors[read].shape
    factor, shift = (
        _by_channel(graph, operation, one.reshape(shape)) for one in _constants(graph, operation)
    )
    channels = len(factor)
    extents = (1, *shape[2:]) if graph.channels_first else (1, *shape[1:-1])
    height, width = extents[-2:] if len(shape) > 2 else (1, 1)
    image = (1, channels, height, width) if graph.channels_first else (1, height, width, channels)
    names = [f"{operation.output}, {what}" for what in ("given", "made")]
    for name in names:
        graph.tensors[name] = Tensor(name, image)
    weights, biases = f"{operation.output}, weights", f"{operation.output}, biases"
    window = {"stride": (1, 1), "padding": (0, 0, 0, 0), "dilation": (1, 1)}
    layer = Operation(
        "convolution",
        (names[0], weights, biases),
        names[1],
        {"groups": channels, "activation": "none", **window},
        operation.place,
    )
    graph.tensors[weights] = Tensor(weights, (channels, 1, 1, 1))
    graph.tensors[biases] = Tensor(biases, (channels,))
    at = next(i for i, one in enumerate(graph.operations) if one is operation)
    graph.operations[at : at + 1] = [
        Operation("reshape", (read,), names[0], {}, operation.place),
        layer,
        Operation("reshape", (names[1],), operation.output, {}, operation.place),
    ]
    _set_parameters(graph, layer, factor.reshape(-1, 1, 1, 1), shift)


def _image_read(graph: Graph, name: str) -> str:
    """The image that a tensor is with other axes, or itself."""
    image: str | None = name
    while image is not None and len(graph.tensors[image].shape) != 4:
        maker = graph.maker(image)
        image = maker.inputs[0] if maker is not None and maker.kind == "reshape" else None
    return image or name


def _by_channel(graph: Graph, operation: Operation, values: np.ndarray) -> np.ndarray:
    """[channels] of values [1][...] with the graph's axes. Raises ValueError unless all of a
    channel are one."""
    axis = 1 if graph.channels_first else -1
    rows = np.moveaxis(values, axis, 0).reshape(values.shape[axis], -1)
    if (rows != rows[:, :1]).any():
        refuse(operation.place, "its constants are not one a channel", FOLDED)
    return rows[:, 0]


def _parameters(graph: Graph, layer: Operation) -> tuple[np.ndarray, np.ndarray]:
    """Weights and biases as float64, zeros where a layer has no biases."""
    weights, *biases = (graph.tensors[name].values for name in layer.inputs[1:])
    if weights is None or weights.dtype != np.float32:
        refuse(layer.place, "constants are folded into weights that are not float32", FOLDED)
    if not biases or biases[0] is None:
        return weights.astype(np.float64), np.zeros(len(weights))
    return weights.astype(np.float64), biases[0].astype(np.float64)


def _set_parameters(
    graph: Graph, layer: Operation, weights: np.ndarray, biases: np.ndarray
) -> None:
    """New ones, float32: others may read the constants that there were."""
    names = []
    for what, values in (("weights", weights), ("biases", biases)):
        name = f"{layer.output}, folded {what} {len(graph.tensors)}"
        with np.errstate(over="ignore"):
            values = np.ascontiguousarray(values, np.float32)
        if not np.isfinite(values).all():
            refuse(layer.place, f"its {what} are not all finite", "train the network again")
        graph.tensors[name] = Tensor(name, values.shape, values)
        names.append(name)
    at = next(i for i, one in enumerate(graph.operations) if one is layer)
    graph.operations[at] = replace(layer, inputs=(layer.inputs[0], *names))
