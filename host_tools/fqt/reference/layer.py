"""A layer while it runs and trains, and what each kind's module computes for it."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Protocol, cast

import numpy as np

from fqt.file.records import LayerRecord, ModelRecords
from fqt.kinds import KINDS, Kind
from fqt.reference.fixed import Scale
from fqt.reference.tensor import Tensor
from fqt.reference.update import Parameters, Sums, Update


class Arithmetic(Protocol):
    """The module fqt.reference.<kind> of each kind."""

    def forward(self, layer: Layer) -> tuple[np.ndarray, list[Scale]]:
        """The accumulators of the output, int64, and what one unit of them means in units of the
        output: for all, or a Scale a channel. Of a kind that keeps the scale, or has a table: the
        output itself, at unit 1."""

    def error(
        self, layer: Layer, which: int, errors: np.ndarray
    ) -> tuple[np.ndarray, list[Scale]]:
        """The accumulators of the error of input `which`, int64, from the errors of the output,
        int64 of its shape, and what one unit of them means: for all, or a Scale a channel."""

    def update(self, layer: WeightedLayer, selected: np.ndarray, step: Update) -> None:
        """Only of kinds with weights: the step of the selected channels' parameters."""


@dataclass
class Layer:
    """number: from 1, that of the tensor that is its output. range_q16: how much of the int8 range
    the output takes over many steps; fill: in this one (section 8)."""

    number: int
    record: LayerRecord
    inputs: list[Tensor]
    output: Tensor
    is_last: bool
    range_q16: int
    fill: int = 1
    stuck_steps: int = 0
    updates: bool = False

    @property
    def kind(self) -> Kind:
        return KINDS[self.record.kind]

    @property
    def arithmetic(self) -> Arithmetic:
        return cast(Arithmetic, import_module(f"fqt.reference.{self.record.kind}"))

    @property
    def output_unit(self) -> Scale:
        """What accumulators are brought to: the output's scale; for the loss, real units."""
        return Scale.from_int(1) if self.is_last else Scale.unpack(self.output.scale)

    @property
    def input_unit(self) -> Scale:
        """One unit of the first input in units of the output."""
        return Scale.unpack(self.inputs[0].scale) / self.output_unit


@dataclass(kw_only=True)
class WeightedLayer(Layer):
    """parameters: as they are now. sums: of a mini-batch's steps; None: weights move at once."""

    parameters: Parameters
    sums: Sums | None

    @property
    def channel_units(self) -> list[Scale]:
        """One unit of each channel's accumulators in units of the output."""
        ratio = self.input_unit
        return [ratio * Scale.unpack(scale) for scale in self.parameters.scales]

    @property
    def error_scale(self) -> Scale:
        return Scale.unpack(self.output.error_scale)


def tensors_of(model: ModelRecords) -> list[Tensor]:
    """The input, and each layer's output."""
    tensors = [Tensor(model.input_shape, model.input_scale, model.input_zero_point, "none")]
    for number, record in enumerate(model.layers, 1):
        tensors.append(
            Tensor(
                record.output_shape,
                record.output_scale,
                record.output_zero_point,
                model.clips(number),
                record.error_scale,
            )
        )
    return tensors


def layers_of(model: ModelRecords, tensors: list[Tensor], master: int, batch: int) -> list[Layer]:
    """The layers between the tensors, with copies of the model's parameters."""
    layers = []
    for index, record in enumerate(model.layers):
        inputs = [tensors[number] for number in model.inputs_of(index)]
        is_last = index + 1 == len(model.layers)
        layer = Layer(index + 1, record, inputs, tensors[index + 1], is_last, record.output_range)
        if record.has_weights:
            parameters = Parameters(record, master, record.trainable)
            layer = WeightedLayer(
                **vars(layer),
                parameters=parameters,
                sums=Sums(parameters) if record.trainable and batch > 1 else None,
            )
            layer.updates = record.trainable
        layers.append(layer)
    return layers
