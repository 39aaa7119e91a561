"""One network, trained in several arithmetics, with the same samples in the same order and at the
same rates: float32, in numpy or by PyTorch; int8 as on a board (the C core); mixed, int8 up to the
last layers, these in float32.

Each takes a float32 network as it is before training and gives: epochs(), a generator of the mean
loss of each epoch; predict(x), classes; outputs(x), [samples][outputs]; losses(x, y), one a
sample, y None of an autoencoder; state(), what restore(state) returns to. x: real units.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np

from fqt.experiment.configuration import Run, Training
from fqt.experiment.pytorch import PyTorchSequential
from fqt.file.model_file import ModelFile
from fqt.layers.activation import activate, through_activation
from fqt.reference.fixed import shuffle
from fqt.reference.select import follow_greatest_loss, update_rate
from fqt.run import core
from fqt.train.class_weights import sample_weights
from fqt.train.losses import LOSSES
from fqt.train.quantize import quantize, quantize_input
from fqt.train.schedules import learning_rate
from fqt.train.sequential import Sequential, trainable_names


class Float32:
    """The baseline, in numpy."""

    def __init__(
        self, net: Sequential, run: Run, calibration: np.ndarray, seed: int, bytes_in: bool
    ):
        self.net, self.run = net, run

    def epochs(self, x, y, training: Training, seed: int) -> Iterator[float]:
        fit = self.net.fit(
            x,
            y,
            training.epochs,
            training.learning_rate,
            self.run.batch,
            training.schedule,
            self.run.train,
            seed,
            self.run.weight_decay,
            training.class_weights,
        )
        for epoch in fit:
            yield epoch.loss

    def outputs(self, x) -> np.ndarray:
        return np.concatenate([self.net.forward(part) for part in _parts(x)])

    def predict(self, x) -> np.ndarray:
        return np.concatenate([self.net.predict(part) for part in _parts(x)])

    def losses(self, x, y=None) -> np.ndarray:
        return self.net.losses(x, y)

    def state(self) -> Sequential:
        return self.net.copy()

    def restore(self, state: Sequential) -> None:
        self.net = state


class PyTorch(Float32):
    """The same with gradients of PyTorch's."""

    def __init__(
        self, net: Sequential, run: Run, calibration: np.ndarray, seed: int, bytes_in: bool
    ):
        super().__init__(PyTorchSequential(net), run, calibration, seed, bytes_in)


class Int8:
    """The core. update_rates: of each step, what share of structures took part."""

    def __init__(
        self, net: Sequential, run: Run, calibration: np.ndarray, seed: int, bytes_in: bool
    ):
        self.model = _quantized(net, run, run.train, calibration, seed, bytes_in)
        self.core = core.Model(self.model, run.master, run.batch, run.options)
        self.run = run
        self.update_rates: list[float] = []

    def _input(self, x) -> np.ndarray:
        return self.core.quantize_inputs(quantize_input(self.model, x))

    def epochs(self, x, y, training: Training, seed: int) -> Iterator[float]:
        x = self._input(x)
        greatest_loss = 0
        weights = sample_weights(training.class_weights, self.model.loss, y, self.model.outputs)
        for order, rates in _steps(len(x), weights, training, seed):
            losses = self.core.train_many(x, y, order, rates)
            self.core.end_batch()
            for loss in (losses * 65536).astype(int).tolist():
                greatest_loss = follow_greatest_loss(greatest_loss, loss)
                rate_q16 = update_rate(loss, greatest_loss, *self.run.options.rates_q16)
                self.update_rates.append(rate_q16 / 65536)
            yield float(losses.mean())

    def outputs(self, x) -> np.ndarray:
        return self.core.outputs(quantize_input(self.model, x))

    def predict(self, x) -> np.ndarray:
        return self.core.predict_many(self._input(x))

    def losses(self, x, y=None) -> np.ndarray:
        return self.core.losses(self._input(x), y)

    def state(self) -> bytes:
        return self.core.to_bytes(checkpoint=True)

    def restore(self, state: bytes) -> None:
        self.core.restore(state)


class Mixed:
    """The front in the core, the last float_layers layers in float32: the error of their input is
    quantized and goes on in int8. Of networks without branches."""

    def __init__(
        self, net: Sequential, run: Run, calibration: np.ndarray, seed: int, bytes_in: bool
    ):
        if run.batch != 1 or run.train != "all" or run.weight_decay:
            raise ValueError("mixed trains all layers, with batch 1 and no weight_decay")
        if net.output_map is not None:
            raise ValueError("mixed takes networks whose outputs have no units")
        if any(inputs != (i,) for i, inputs in enumerate(net.inputs)):
            raise ValueError("mixed takes networks whose layers stand in a row")
        weighted = [i for i, layer in enumerate(net.layers) if layer.parameters]
        if len(weighted) <= run.float_layers:
            raise ValueError(f"float_layers: the network has {len(weighted)} layers with weights")
        split = weighted[-run.float_layers - 1] + 1
        front = copy.deepcopy(net.layers[:split])
        self.back = net.layers[split:]
        self.activation = front[-1].activation
        front[-1].activation = "none"  # applied here, in float32
        whole = Sequential(front, net.input_shape, 1, net.name, "mean_squared_error")
        whole.input_map = net.input_map
        self.model = _quantized(whole, run, "all", calibration, seed, bytes_in)
        self.core = core.Model(self.model, run.master)
        self.net, self.loss = net, LOSSES[net.loss]

    def _forward(self, outputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """outputs [samples][...] of the front -> the last outputs, and the back's input"""
        shape = (len(outputs), *self.back[0].input_shape)
        front = x = activate(self.activation, outputs.astype(np.float32).reshape(shape))
        for layer in self.back:
            x = layer.forward(x)
        return x.reshape(len(x), -1), front

    def epochs(self, x, y, training: Training, seed: int) -> Iterator[float]:
        x = self.core.quantize_inputs(quantize_input(self.model, x))
        weights = sample_weights(training.class_weights, self.net.loss, y, self.net.outputs)
        for order, rates in _steps(len(x), weights, training, seed):
            total = 0.0
            for i, rate in zip(order, rates, strict=True):
                outputs, front = self._forward(self.core.step_forward(x[i])[None])
                losses, of_outputs = self.loss(outputs, y[i : i + 1])
                error: Any = of_outputs  # layers in a row have one input each
                for layer in reversed(self.back):
                    error = layer.backward(error.reshape(1, *layer.output_shape))
                error = through_activation(self.activation, front, error.reshape(front.shape))
                self.core.step_backward(error.ravel(), float(rate))
                for layer in self.back:
                    for name, values in layer.parameters.items():
                        values -= rate * layer.gradients[name]
                total += float(losses[0])
            yield total / len(order)

    def outputs(self, x) -> np.ndarray:
        return self._forward(self.core.outputs(quantize_input(self.model, x)))[0]

    def predict(self, x) -> np.ndarray:
        return self.outputs(x).argmax(axis=1)

    def losses(self, x, y=None) -> np.ndarray:
        return self.loss(self.outputs(x), y)[0]

    def state(self) -> tuple[bytes, list]:
        return self.core.to_bytes(checkpoint=True), copy.deepcopy(self.back)

    def restore(self, state: tuple[bytes, list]) -> None:
        saved, self.back = state
        self.core.restore(saved)


def _parts(x: np.ndarray) -> list[np.ndarray]:
    """Samples in parts that are evaluated together."""
    return [x[i : i + 256] for i in range(0, len(x), 256)]


def _quantized(net: Sequential, run: Run, train, calibration, seed: int, bytes_in) -> ModelFile:
    input_type = "uint8" if bytes_in else "int8"
    return quantize(net, calibration, train, input_type, seed=seed, percentile=run.percentile)


def _steps(
    count: int, weights: np.ndarray | None, training: Training, seed: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Each epoch's order of samples, fqt.fit's on a device, and the learning rate of each step,
    float32: the epoch's, times the sample's weight."""
    order = np.arange(count)
    for epoch in range(training.epochs):
        shuffle(order, seed + epoch)
        rate = learning_rate(training.schedule, training.learning_rate, epoch, training.epochs)
        rates = np.full(count, rate, np.float32)
        yield order, rates if weights is None else rates * weights[order]


def trainer(net: Sequential, run: Run, calibration: np.ndarray, seed: int, bytes_in: bool):
    """The network in the run's arithmetic; layers to be reset have new random weights. net itself
    stays as it is."""
    net = net.copy()
    if run.reset != "none":
        net.reset(trainable_names(net, run.reset), seed)
    kinds = {"float32": Float32, "pytorch": PyTorch, "int8": Int8, "mixed": Mixed}
    return kinds[run.arithmetic](net, run, calibration, seed, bytes_in)
