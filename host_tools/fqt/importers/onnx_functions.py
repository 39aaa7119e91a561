"""Activation functions of .onnx files: which a layer has, and by which numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from fqt.importers.graph import refuse
from fqt.importers.onnx_file import FileNode
from fqt.importers.onnx_graph import OnnxGraph
from fqt.layers.functions import SELU_ALPHA, SELU_SCALE

HARD_SIGMOID = (("alpha", 0.2), ("beta", 0.5))  # as the operator has them


def _function(reader: OnnxGraph, node: FileNode, function: str) -> None:
    given, output = reader.computed(node.inputs[0]), reader.computed(node.outputs[0])
    axis, shape = None, reader.shape(given)
    if function in ("softmax", "log_softmax"):
        axis = node.attributes.get("axis", -1 if reader.file.opset >= 13 else 1) % len(shape)
        if reader.file.opset < 13 and math.prod(shape[axis:]) != shape[axis]:
            refuse(
                reader.place,
                f"it is over several axes of {shape}",
                "export with opset 20",
            )
    usual = {"leaky_relu": 0.01, "elu": 1.0}.get(function)  # as the operators have it
    parameter = 0.0 if usual is None else node.attributes.get("alpha", usual)
    reader.add("activation", (given,), output, function=function, axis=axis, parameter=parameter)


def _hard_sigmoid(reader: OnnxGraph, node: FileNode) -> None:
    slope, shift = (node.attributes.get(name, usual) for name, usual in HARD_SIGMOID)
    if abs(slope - 1 / 6) > 1e-6 or shift != 0.5:
        refuse(
            reader.place, f"it is x * {slope:g} + {shift:g}, limited", "x / 6 + 0.5 can be taken"
        )
    _function(reader, node, "hard_sigmoid")


def _gelu(reader: OnnxGraph, node: FileNode) -> None:
    form = node.attributes.get("approximate", b"none")
    if form not in (b"none", b"tanh"):
        refuse(reader.place, f"its form is {form.decode(errors='replace')}", "none or tanh")
    _function(reader, node, "gelu_tanh" if form == b"tanh" else "gelu")


def _selu(reader: OnnxGraph, node: FileNode) -> None:
    usual = {"alpha": SELU_ALPHA, "gamma": SELU_SCALE}
    if any(abs(node.attributes.get(name, one) - one) > 1e-4 for name, one in usual.items()):
        refuse(reader.place, "its alpha and gamma are others", "those of the paper can be taken")
    _function(reader, node, "selu")


def _celu(reader: OnnxGraph, node: FileNode) -> None:
    if node.attributes.get("alpha", 1.0) != 1:
        refuse(reader.place, f"its alpha is {node.attributes['alpha']:g}", "1, or an Elu")
    _function(reader, node, "elu")


def _prelu(reader: OnnxGraph, node: FileNode) -> None:
    slopes = reader.parameter(node, 1)
    if (slopes != slopes.flat[0]).any():
        refuse(reader.place, "it has a slope a channel", "train it with one: PReLU(1), LeakyReLU")
    one = replace(node, attributes={"alpha": float(slopes.flat[0])})
    _function(reader, one, "leaky_relu")


def _clip(reader: OnnxGraph, node: FileNode) -> None:
    low, high = (
        float(np.max(node.attributes.get(name, reader.constant(node, number, default))))
        for name, number, default in (("min", 1, -np.inf), ("max", 2, np.inf))
    )
    if (low, high) == (-1, 1):
        _function(reader, node, "hard_tanh")
        return
    greatest = float(np.finfo(np.float32).max)  # as which some exporters write "no end"
    if low != 0 or (high != 6 and high < greatest):
        refuse(
            reader.place,
            f"it clips to {low:g} ... {high:g}",
            "layers have ReLU, ReLU6 and HardTanh",
        )
    _function(reader, node, "relu6" if high == 6 else "relu")


# What a node says is all of it.
PLAIN = {
    "Relu": "relu",
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "LeakyRelu": "leaky_relu",
    "Elu": "elu",
    "HardSwish": "hard_swish",
    "Softplus": "softplus",
    "Mish": "mish",
    "Softmax": "softmax",
    "LogSoftmax": "log_softmax",
}


def _plain(reader: OnnxGraph, node: FileNode) -> None:
    _function(reader, node, PLAIN[node.operator])


FUNCTIONS: dict[str, Callable[[OnnxGraph, FileNode], None]] = {
    **dict.fromkeys(PLAIN, _plain),
    "Clip": _clip,
    "HardSigmoid": _hard_sigmoid,
    "Gelu": _gelu,
    "Selu": _selu,
    "Celu": _celu,
    "PRelu": _prelu,
}
