"""A whole model that runs and trains: one training step from end to end (docs/arithmetic.md,
section 9)."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import numpy as np

from fqt.arguments import file_bytes, truth_value
from fqt.file.model_file import ModelFile
from fqt.inputs import (
    check_batch,
    check_diverged,
    check_input_is_target,
    check_label,
    check_layer,
    check_learning_rate,
    check_master,
    check_trainable,
    own_targets,
    sample_of,
    target_of,
)
from fqt.messages import fault
from fqt.options import Options
from fqt.reference.backward import Backward, Step, needs_error, set_error
from fqt.reference.fixed import Random, Scale, fixed_multiply, float_bits
from fqt.reference.forward import LOGIT_LIMIT, forward
from fqt.reference.layer import WeightedLayer, layers_of, tensors_of
from fqt.reference.loss import (
    binary_cross_entropy,
    error_of,
    mean_squared_error,
    softmax_cross_entropy,
)
from fqt.reference.select import follow_greatest_loss, update_rate
from fqt.reference.tensor import follow_range
from fqt.reference.update import Sums, apply_sums

CUT_OFF_FILL = 98304  # half as much again as a range holds, Q16
NO_FILL = 1  # all outputs are 0
STUCK_STEPS = 200  # in a row cut off or without output: the layer diverged


class Network:
    """A model that runs and trains in the reference arithmetic.

    model: a ModelFile, or a model file's bytes. master: 8 or 16, the bits kept of each trainable
    weight. batch: steps whose gradients are summed before an update. Raises ModelFileError, or
    ValueError for another master or batch.
    """

    def __init__(
        self,
        model: ModelFile | bytes,
        master: int = 8,
        batch: int = 1,
        options: Options = Options(),  # noqa: B008 (immutable)
    ):
        master, batch = check_master(master), check_batch(batch)
        if not isinstance(model, ModelFile):
            model = ModelFile.from_bytes(file_bytes("model", model))
        self.model = model
        if self.model.checkpoint:
            raise fault("IS_CHECKPOINT")
        self.master = master
        self.batch = batch
        self.batch_steps = 0
        self.options = options
        self.random = Random(self.model.random_state)
        self.step_count = self.model.step_count
        self.greatest_loss = self.model.greatest_loss
        self.tensors = tensors_of(self.model)
        self.layers = layers_of(self.model, self.tensors, master, batch)
        self.diverged = 0

    # -- inputs

    def quantize_input(self, x: np.ndarray) -> np.ndarray:
        """A sample as int8 values: uint8 minus 128, int8 as it is, float32 at the input's scale
        (section 3).

        Raises ValueError for another type or number of elements, and for numbers that are not
        finite.
        """
        x = sample_of(self.model, x)
        if x.dtype == np.uint8:
            return (x.astype(np.int64) - 128).astype(np.int8)
        if x.dtype == np.int8:
            return x
        return np.array(
            [self._quantize_float(value) for value in x.ravel().tolist()], np.int8
        ).reshape(x.shape)

    def _quantize_float(self, value: float) -> int:
        bits = float_bits(abs(value))
        exponent = bits >> 23
        if exponent == 0:
            return self.model.input_zero_point
        mantissa = (bits & 0x7FFFFF) | 0x800000
        inverse = Scale.from_int(1) / Scale.unpack(self.model.input_scale)
        units = int(
            fixed_multiply(-mantissa if value < 0 else mantissa, inverse.shifted(exponent - 150))
        )
        return min(max(self.model.input_zero_point + units, -128), 127)

    # -- running

    def logits(self, x: np.ndarray) -> np.ndarray:
        """The last layer's outputs for one sample, Q16, int64 [outputs]."""
        self.tensors[0].values = self.quantize_input(x).reshape(self.model.input_shape)
        return forward(self.layers)

    def predict(self, x: np.ndarray) -> int:
        """The index of the first greatest output; with one output 1 when it is above 0, else 0."""
        outputs = self.logits(x)
        return int(outputs.argmax()) if len(outputs) > 1 else int(outputs[0] > 0)

    def loss(self, x: np.ndarray, target=None) -> float:
        """The loss of one sample; nothing changes. x, target: as in train."""
        return self._loss(self.logits(x), target)[0] / 65536

    # -- one training step

    def train(self, x: np.ndarray, target=None, lr: float = 0.01) -> float:
        """One step on one sample. Gives the loss before it (softmax cross-entropy: in nats).

        target: a label with softmax cross-entropy, else [outputs] numbers, or None: the input
        itself. Raises ValueError for a bad input, a target that does not fit, a learning rate that
        is not finite and >= 0, and when no layer trains; DivergenceError when the step saw that.
        """
        check_diverged(self.model, self.diverged)
        learning_rate = check_learning_rate(lr)
        if not any(layer.updates for layer in self.layers):
            raise ValueError("no layer trains")
        outputs = self.logits(x)
        loss, derivatives, unit = self._loss(outputs, target)
        if (np.abs(outputs) == LOGIT_LIMIT).any():
            self.diverged = len(self.layers)
        set_error(self.tensors, *error_of(derivatives, unit))
        if learning_rate > 0:
            self.greatest_loss = follow_greatest_loss(self.greatest_loss, loss)
        step = Step(
            self.step_count,
            learning_rate,
            update_rate(loss, self.greatest_loss, *self.options.rates_q16),
            self.random.draw() if self.options.sample_updates else None,
            self.options.weight_decay_float32,
            self.options.standardize,
            self.batch,
        )
        Backward(self.model, self.tensors, self.layers, self.random, step).run()
        if self.batch > 1 and learning_rate > 0:
            self.batch_steps += 1
            if self.batch_steps == self.batch:
                self.end_batch()
        self._move_scales()
        self.step_count += 1
        check_diverged(self.model, self.diverged)
        return loss / 65536

    def _loss(self, outputs: np.ndarray, target) -> tuple[int, np.ndarray, Scale]:
        if self.model.loss == "softmax_cross_entropy":
            label = check_label(self.model.outputs, target)
            return softmax_cross_entropy(outputs, label)
        if target is None:
            check_input_is_target(self.model)
            x = self.tensors[0]
            targets = fixed_multiply(x.centred().ravel(), Scale.unpack(x.scale).shifted(16))
            targets = own_targets(self.model, targets)
        else:
            targets = target_of(self.model, target)
        if self.model.loss == "mean_squared_error":
            return mean_squared_error(outputs, targets)
        return binary_cross_entropy(outputs, targets)

    def end_batch(self) -> None:
        """A mini-batch's end, be it full or not: apply what its steps have summed (section 10).
        freeze and to_model_file do so first."""
        if self.batch_steps == 0:
            return
        self.batch_steps = 0
        for layer in self.layers:
            if isinstance(layer, WeightedLayer) and layer.updates:
                apply_sums(layer.parameters, self.random, layer.sums)

    def _move_scales(self) -> None:
        """Scales move between steps only (sections 6 and 8)."""
        needed = needs_error(self.model, self.layers)
        for layer in self.layers:
            y = layer.output
            if y.next_error_scale:
                y.error_scale, y.next_error_scale = y.next_error_scale, 0.0
            moves = layer.updates if layer.record.has_weights else needed[layer.number]
            if moves and not layer.record.keeps_scale and not layer.is_last:
                stuck = layer.fill >= CUT_OFF_FILL or layer.fill == NO_FILL
                layer.stuck_steps = layer.stuck_steps + 1 if stuck else 0
                if layer.stuck_steps == STUCK_STEPS:
                    self.diverged = layer.number
                layer.range_q16, y.scale = follow_range(layer.range_q16, layer.fill, y.scale)
        for layer in self.layers:
            if layer.record.keeps_scale:
                layer.output.scale = layer.inputs[0].scale

    # -- layers

    def freeze(self, i: int, frozen: bool = True) -> None:
        """Stop or start the updates of layer i (from 0), if it is trainable. Raises ValueError
        when there is no such layer."""
        i, frozen = check_layer(self.model, i), truth_value("frozen", frozen)
        self.end_batch()
        layer = self.layers[i]
        layer.updates = layer.record.trainable and not frozen

    def reset(self, i: int) -> None:
        """Random weights and zero biases for a trainable layer i (from 0): section 10. Raises
        ValueError for another layer."""
        layer = cast(WeightedLayer, self.layers[check_trainable(self.model, i)])
        layer.parameters.reset(self.random, layer.inputs[0].scale)
        layer.stuck_steps = self.diverged = self.greatest_loss = 0
        if layer.sums is not None:
            layer.sums = Sums(layer.parameters)

    # -- saving

    def to_model_file(self, checkpoint: bool = False) -> ModelFile:
        """The model as it is now. Ends a mini-batch."""
        self.end_batch()
        model = self.model
        records = []
        for layer in self.layers:
            y = layer.output
            record = replace(
                layer.record,
                output_scale=y.scale,
                output_range=layer.range_q16,
                error_scale=0.0 if model.hands_error_scale_on(layer.number) else y.error_scale,
            )
            if isinstance(layer, WeightedLayer):
                layer.parameters.fill(record)
            records.append(record)
        return replace(
            model,
            layers=records,
            random_state=self.random.state,
            step_count=self.step_count,
            greatest_loss=self.greatest_loss,
            checkpoint=checkpoint,
        )

    def to_bytes(self, checkpoint: bool = False) -> bytes:
        """The file that the device's model.save() writes."""
        return self.to_model_file(checkpoint).to_bytes()
