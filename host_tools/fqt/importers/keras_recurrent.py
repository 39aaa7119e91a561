"""LSTM and GRU layers of Keras on PyTorch, which writes their steps one by one into an .onnx file:
PyTorch's own layers in their places are one operator each there."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from fqt.importers.graph import refuse

# Of Keras's kernels and biases: where PyTorch's gates are among Keras's.
ORDERS = {"LSTM": [0, 1, 2, 3], "GRU": [1, 0, 2]}


def as_operators(model: Any) -> Any:
    """The model, or where it has such layers one that shares all others and has PyTorch's in
    their places. Raises ValueError for what these do not do."""
    keras = sys.modules["keras"]
    layers = getattr(model, "layers", ())
    if keras.backend.backend() != "torch":
        return model
    for layer in layers:
        if isinstance(layer, keras.layers.Bidirectional):
            _refuse(layer, "it reads steps in both directions", "one in one direction, forward")
    if not any(_is_recurrent(layer) for layer in layers):
        return model
    for layer in layers:
        if isinstance(layer, keras.layers.Masking):
            _refuse(layer, "it leaves steps out", "samples of one length, without Masking")
    return keras.models.clone_model(
        model, clone_function=lambda one: _replaced(keras, one) if _is_recurrent(one) else one
    )


def _is_recurrent(layer: Any) -> bool:
    return type(layer).__name__ in ORDERS and type(layer).__module__.startswith("keras.")


def _refuse(layer: Any, what: str, advice: str) -> None:
    place = f"layer {layer.name!r} ({type(layer).__name__})"
    refuse(place, what, f"train the network with {advice}")


def _replaced(keras: Any, layer: Any) -> Any:
    """A layer of Keras around PyTorch's, with the weights of one of Keras's."""
    functions = layer.activation.__name__, layer.recurrent_activation.__name__
    for wrong, what in (
        (functions != ("tanh", "sigmoid"), "has other functions than tanh and sigmoid"),
        (layer.go_backwards, "reads steps backwards"),
        (layer.stateful, "keeps its state between samples"),
        (layer.return_state, "gives its state too"),
        (not getattr(layer, "reset_after", True), "has its reset gate in front (reset_after)"),
    ):
        if wrong:
            _refuse(layer, f"it {what}", f"a plain {type(layer).__name__}, forward")
    torch = sys.modules["torch"]
    name = type(layer).__name__
    parameters = _parameters(layer, name)
    module = getattr(torch.nn, name)(parameters[0].shape[1], layer.units, batch_first=True)
    for parameter, values in zip(module.parameters(), parameters, strict=True):
        parameter.data.copy_(torch.from_numpy(np.ascontiguousarray(values)))

    class Operator(keras.layers.Layer):
        def __init__(self):
            super().__init__(name=layer.name)
            self.module = module

        def call(self, x):
            steps = self.module(x)[0]
            return steps if layer.return_sequences else steps[:, -1]

    return Operator()


def _parameters(layer: Any, name: str) -> list[np.ndarray]:
    """Weights of the input and of the state, and biases of both, as PyTorch's layer has them."""
    weights = [np.asarray(one) for one in layer.get_weights()]
    order, units = ORDERS[name], layer.units

    def rows(values: np.ndarray) -> np.ndarray:
        return values.reshape(-1, len(order), units)[:, order].reshape(-1, len(order) * units).T

    biases = np.zeros((2, len(order) * units), np.float32)
    if layer.use_bias:  # of an LSTM one row, of a GRU one for each
        biases[: weights[2].size // biases.shape[1]] = weights[2]
    return [rows(weights[0]), rows(weights[1]), *rows(biases).T]
