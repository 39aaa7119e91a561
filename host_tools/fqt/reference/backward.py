"""The backward pass of a step: errors, the channels that take part, updates (sections 6, 7 and
10)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fqt.file.records import ModelRecords
from fqt.kinds import KINDS
from fqt.reference.fixed import Random, Scale
from fqt.reference.layer import Layer, WeightedLayer
from fqt.reference.select import Selection, forms_few, probed, select
from fqt.reference.tensor import Tensor
from fqt.reference.turns import layers_share_of_steps, turn_of
from fqt.reference.update import Update


@dataclass(frozen=True)
class Step:
    """What a step knows besides the layers. number: of steps before. update_rate: the share of
    channels that take part, Q16, and greatest_rate, in a step with the greatest loss. sampling:
    the random number that they are drawn by; None: those with the greatest errors take part.
    batch: steps whose gradients are summed."""

    number: int
    learning_rate: float
    update_rate: int
    greatest_rate: int
    sampling: int | None
    weight_decay: float
    standardizes: bool
    batch: int


def needs_error(model: ModelRecords, layers: list[Layer]) -> list[bool]:
    """Whether a layer that updates lies before each tensor."""
    needed = [False]
    for index, layer in enumerate(layers):
        needed.append(layer.updates or any(needed[t] for t in model.inputs_of(index)))
    return needed


class Backward:
    """The backward pass of one step, from the error of the outputs, which is there."""

    def __init__(
        self,
        model: ModelRecords,
        tensors: list[Tensor],
        layers: list[Layer],
        random: Random,
        step: Step,
    ):
        self.model = model
        self.tensors = tensors
        self.layers = layers
        self.random = random
        self.step = step

    def run(self) -> None:
        """Form the errors of all tensors before which a layer updates; update these layers, from
        the last to the first that takes part."""
        needed = needs_error(self.model, self.layers)
        first = self._first()
        needed = [needs and tensor > first for tensor, needs in enumerate(needed)]
        for layer in reversed(self.layers):
            if not needed[layer.number]:
                continue
            y, selected = layer.output, np.arange(layer.output.shape[2])
            errors = y.error.astype(np.int64)
            if isinstance(layer, WeightedLayer):
                selection = self._select(layer.number, y.error)
                selection.scale(y.error)
                selected = selection.channels
                errors = np.zeros(y.shape, np.int64)
                errors[..., selected] = y.error[..., selected]
            for which, tensor in enumerate(self.model.inputs_of(layer.number - 1)):
                if needed[tensor]:
                    self._error_of_input(layer, which, tensor, errors)
            if isinstance(layer, WeightedLayer) and layer.updates and self.step.learning_rate > 0:
                layer.arithmetic.update(layer, selected, self._update(layer))

    def _first(self) -> int:
        """The first layer that takes part in this step."""
        turn, rate = turn_of(self.step.number), self.step.update_rate
        first = len(self.layers) - 1
        while first > 0 and layers_share_of_steps(self.model, first - 1, rate) > turn:
            first -= 1
        return first

    def _error_of_input(self, layer: Layer, which: int, tensor: int, errors: np.ndarray) -> None:
        """Section 6. errors: of the layer's output."""
        accumulators, scales = layer.arithmetic.error(layer, which, errors)
        self.tensors[tensor].store_error(
            accumulators,
            scales,
            first=self.model.readers_of(tensor)[-1] == layer.number - 1,
            hands_scale_on=self.model.hands_error_scale_on(tensor),
            settles=len(self.model.inputs_of(layer.number - 1)) == 1,
            formed=self._formed(layer, tensor),
        )

    def _select(self, tensor: int, errors: np.ndarray) -> Selection:
        """Section 10: the channels of a tensor that take part in this step."""
        step = self.step
        if tensor == len(self.layers):
            return Selection(np.arange(errors.shape[2]))
        return select(errors, step.update_rate, step.number, step.sampling, tensor)

    def _formed(self, layer: Layer, tensor: int) -> Callable[[np.ndarray], np.ndarray] | None:
        """Section 10: of the errors that a layer that mixes channels forms for a tensor, those at
        the probed positions and those in the channels that these select. None: all."""
        weights, records = layer.kind.weights, self.model.layers
        if not weights or not weights.mixes_channels or len(self.model.readers_of(tensor)) > 1:
            return None
        source = tensor
        while weights.flattens and source > 0 and KINDS[records[source - 1].kind].shares_memory:
            source = self.model.inputs_of(source - 1)[0]
        shape = self.tensors[source].shape
        if (
            source == 0
            or not records[source - 1].has_weights
            or not forms_few(shape[2], self.step.update_rate)
        ):
            return None

        def formed(errors: np.ndarray) -> np.ndarray:
            there = errors.reshape(shape)
            mask = np.repeat(probed(shape, self.step.number)[..., None], shape[2], axis=2)
            mask[..., self._select(source, np.where(mask, there, 0)).channels] = True
            return mask.reshape(errors.shape)

        return formed

    def _update(self, layer: WeightedLayer) -> Update:
        """Section 7."""
        index = layer.number - 1
        rates = self.step.greatest_rate, self.step.update_rate
        most, share = (layers_share_of_steps(self.model, index, rate) for rate in rates)
        return Update(
            layer.parameters,
            self.random,
            Scale.unpack(self.step.learning_rate) * (Scale.from_int(most) / Scale.from_int(share)),
            layer.inputs[0].scale,
            layer.output.error_scale,
            self.step.weight_decay,
            self.step.standardizes,
            layer.sums,
            self.step.batch,
        )


def set_error(tensors: list[Tensor], error: np.ndarray, scale: float) -> None:
    """The error of the outputs, int8 [outputs]; the scales chosen in hindsight grow with its
    (section 6)."""
    *others, output = tensors
    if output.error_scale:
        factor = Scale.unpack(scale) / Scale.unpack(output.error_scale)
        for tensor in others:
            tensor.error_scale = (Scale.unpack(tensor.error_scale) * factor).pack()
    output.error_scale = scale
    output.error = error.reshape(output.shape)
