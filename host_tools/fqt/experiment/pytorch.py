"""Float32 training whose gradients PyTorch forms: a baseline that nobody here wrote, to hold
numpy's against, and faster where layers are wide.

The network stays a Sequential, whose arrays PyTorch works on in place: samples, their order,
rates, losses and the update are those of every other arithmetic. Tensors are [batch][channels]
[height][width] here, as PyTorch has them, of memory in which channels are last.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import numpy as np

from fqt.train.sequential import Sequential


def load_pytorch():
    """The package. Raises RuntimeError without it."""
    try:
        import torch
    except ImportError:
        raise RuntimeError(
            "arithmetic 'pytorch' needs PyTorch: pip install 'fqt-host[torch]'"
        ) from None
    return torch


class PyTorchSequential(Sequential):
    """A copy of a network. Raises RuntimeError without PyTorch, and ValueError for layers that it
    is not asked for here: batch normalization."""

    def __init__(self, net: Sequential):
        load_pytorch().set_num_threads(1)  # networks this small are slower on two
        vars(self).update(vars(net.copy()))
        for number, layer in enumerate(self.layers, 1):
            if layer.kind not in FORWARD:
                raise ValueError(
                    f"layer {number} ({layer.name}): arithmetic 'pytorch' has no "
                    f"{type(layer).__name__}: take 'float32'"
                )

    def gradients(
        self,
        x: np.ndarray,
        y: np.ndarray,
        chosen: Collection[int] | None = None,
        weights: np.ndarray | None = None,
    ) -> float:
        torch = load_pytorch()
        chosen = range(len(self.layers)) if chosen is None else chosen
        tensors = [torch.from_numpy(x).permute(0, 3, 1, 2)]
        leaves = {}
        for i, (layer, inputs) in enumerate(zip(self.layers, self.inputs, strict=True)):
            parameters = {key: torch.from_numpy(a) for key, a in layer.parameters.items()}
            if i in chosen:
                leaves[i] = {key: leaf.requires_grad_() for key, leaf in parameters.items()}
            read = [tensors[tensor] for tensor in inputs]
            tensors.append(_activate(layer, FORWARD[layer.kind](layer, parameters, *read)))
        outputs = _flat(tensors[-1])
        loss, error = self._loss_and_error(outputs.detach().numpy(), y, weights)
        outputs.backward(torch.from_numpy(np.float32(error)))
        for i, parameters in leaves.items():
            gradients = {key: leaf.grad.numpy() for key, leaf in parameters.items()}
            self.layers[i].gradients = gradients
        return loss


def _flat(x):
    """[batch][height * width * channels]"""
    return x.permute(0, 2, 3, 1).reshape(len(x), -1)


def _activate(layer, x):
    if layer.activation == "relu6":
        return x.clamp(0, 6)
    return x.relu() if layer.activation == "relu" else x


def _padded(layer, x, value: float):
    top, bottom, left, right = layer.window.padding
    pad = load_pytorch().nn.functional.pad
    return pad(x, (left, right, top, bottom), value=value) if any(layer.window.padding) else x


def _dense(layer, parameters, x):
    sums = _flat(x) @ parameters["weights"].T + parameters["biases"]
    return sums[:, :, None, None]


def _conv2d(layer, parameters, x):
    weights = parameters["weights"].permute(0, 3, 1, 2)
    convolve = load_pytorch().nn.functional.conv2d
    return convolve(_padded(layer, x, 0), weights, parameters["biases"], layer.window.stride)


def _depthwise_conv2d(layer, parameters, x):
    weights = parameters["weights"][:, None]
    convolve = load_pytorch().nn.functional.conv2d
    x = _padded(layer, x, 0)
    return convolve(x, weights, parameters["biases"], layer.window.stride, groups=len(weights))


def _max_pool2d(layer, parameters, x):
    pool = load_pytorch().nn.functional.max_pool2d
    return pool(_padded(layer, x, -np.inf), layer.window.kernel, layer.window.stride)


def _average_pool2d(layer, parameters, x):
    pool = load_pytorch().nn.functional.avg_pool2d
    return pool(x, layer.window.kernel, layer.window.stride)


def _table(layer, parameters, x):
    functional = load_pytorch().nn.functional
    if layer.activation == "gelu_tanh":
        return functional.gelu(x, approximate="tanh")
    name = layer.activation.replace("hard_", "hard")
    has_parameter = layer.activation in ("leaky_relu", "elu")
    return getattr(functional, name)(x, *[layer.function_parameter] * has_parameter)


# Of each kind, from the layer, its parameters and its inputs: what it gives before its activation.
FORWARD: dict[str, Callable[..., Any]] = {
    "dense": _dense,
    "conv2d": _conv2d,
    "depthwise_conv2d": _depthwise_conv2d,
    "max_pool2d": _max_pool2d,
    "average_pool2d": _average_pool2d,
    "flatten": lambda layer, parameters, x: _flat(x)[:, :, None, None],
    "add": lambda layer, parameters, x, other: x + other,
    "multiply": lambda layer, parameters, x, other: x * other,
    "concatenate": lambda layer, parameters, x, other: load_pytorch().cat((x, other), dim=1),
    "table": _table,
}
