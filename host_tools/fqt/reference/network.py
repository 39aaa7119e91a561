"""A whole model that runs and trains: one training step from end to end (docs/arithmetic.md,
section 9)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fqt.arguments import file_bytes
from fqt.device_model import DeviceModel
from fqt.file.checks import check_same_model
from fqt.file.model_file import ModelFile
from fqt.inputs import (
    DEFAULT_MASTER,
    TARGET_LIMIT,
    check_batch,
    check_diverged,
    check_input_is_target,
    check_label,
    check_learning_rate,
    check_master,
    integers,
    labels_of,
    own_targets,
    sample_of,
    target_of,
    targets_beyond,
)
from fqt.messages import fault
from fqt.options import Options, check_options
from fqt.reference import maps
from fqt.reference.backward import Backward, Step, needs_error, set_error
from fqt.reference.fixed import Random, Scale, fixed_multiply
from fqt.reference.forward import LOGIT_LIMIT, NO_FILL, NO_NEWS, forward
from fqt.reference.layer import WeightedLayer, layers_of, tensors_of
from fqt.reference.loss import (
    binary_cross_entropy,
    error_of,
    mean_squared_error,
    pixelwise_cross_entropy,
    softmax_cross_entropy,
)
from fqt.reference.select import follow_greatest_loss, update_rate
from fqt.reference.tensor import follow_range
from fqt.reference.update import Parameters, Sums, apply_sums

CUT_OFF_FILL = 98304  # half as much again as a range holds, Q16
STUCK_STEPS = 1000  # cut off or without output
STUCK_RELIEF = 8  # as many of these does one other step make up for


class Network(DeviceModel):
    """A model that runs and trains in the reference arithmetic, as on a device (DeviceModel).

    model: a ModelFile, or a model file's bytes. master: 8, 12 or 16, the bits kept of each
    trainable weight. batch: steps whose gradients are summed before an update. Raises
    ModelFileError, or ValueError for another master or batch.
    """

    def __init__(
        self,
        model: ModelFile | bytes,
        master: int = DEFAULT_MASTER,
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
        self.input_map, self.output_map = self.model.input_map, self.model.output_map
        self.tensors = tensors_of(self.model)
        self.running = layers_of(self.model, self.tensors, master, batch)
        self._diverged_layer = 0
        self._silent = False  # the output of the layer that diverged is 0, which may pass
        self.clipped = 0.0
        self._is_made = True

    @property
    def options(self) -> Options:
        """How training goes; may be set at any time. Raises ValueError for anything else."""
        return self._options

    @options.setter
    def options(self, options: Options) -> None:
        self._options = check_options(options)

    # -- inputs

    def quantize_input(self, x: np.ndarray) -> np.ndarray:
        """A sample as int8 values (section 3): uint8 minus 128, int8 as it is, real numbers at
        the input's scale.

        Raises ValueError for another type or number of elements, and for numbers that are not
        finite.
        """
        x = sample_of(self.model, x)
        self.clipped = 0.0
        if x.dtype == np.uint8:
            return (x.astype(np.int64) - 128).astype(np.int8)
        if x.dtype == np.int8:
            return x
        rows = maps.rows_of(self.input_map, self.input_shape[2])
        scale, zero_point = self.input_scale, self.input_zero_point
        values = np.array(
            [
                maps.quantized(value, rows[i % len(rows)], scale, zero_point)
                for i, value in enumerate(x.ravel().tolist())
            ]
        )
        within = np.clip(values, -128, 127)
        self.clipped = float((values != within).mean())
        return within.astype(np.int8).reshape(x.shape)

    # -- running

    def logits(self, x: np.ndarray) -> np.ndarray:
        """The last layer's outputs for one sample, Q16, int64 [outputs]."""
        self.tensors[0].values = self.quantize_input(x).reshape(self.model.input_shape)
        return forward(self.running)

    def loss_for(self, x, target=None, index: int = 0) -> float:
        outputs = self.logits(self._sample(x, index))
        return self._loss(outputs, self._target(target, index))[0] / 65536

    def _predict_many(self, x: np.ndarray) -> np.ndarray:
        predicted = [self.predict(a) for a in x]
        return np.array([list(one) if isinstance(one, bytes) else one for one in predicted])

    # -- one training step

    def train(self, x, target=None, lr: float = 0.01, index: int = 0) -> float:
        """One step on one sample. Returns the loss before it, which `loss` tells too
        (cross-entropies: in nats).

        target: a label with softmax cross-entropy, else [outputs] numbers, or None: the input
        itself. Raises ValueError for a bad input, a target that does not fit, a learning rate that
        is not finite and >= 0, and when no layer trains; DivergenceError when the step saw that.
        """
        learning_rate = check_learning_rate(lr)
        if not self._silent:
            check_diverged(self.model, self._diverged_layer, False, learning_rate)
        if not any(layer.updates for layer in self.running):
            raise ValueError("no layer trains")
        outputs = self.logits(self._sample(x, index))
        loss, derivatives, unit = self._loss(outputs, self._target(target, index))
        if (np.abs(outputs) == LOGIT_LIMIT).any():
            self._diverged_layer, self._silent = len(self.running), False
        set_error(self.tensors, *error_of(derivatives, unit))
        if learning_rate > 0:
            self.greatest_loss = follow_greatest_loss(self.greatest_loss, loss)
        step = Step(
            self.step_count,
            learning_rate,
            update_rate(loss, self.greatest_loss, *self.options.rates_q16),
            self.options.rates_q16[1],
            self.random.draw() if self.options.sample_updates else None,
            self.options.weight_decay_float32,
            self.options.standardize,
            self.batch,
        )
        Backward(self.model, self.tensors, self.running, self.random, step).run()
        if self.batch > 1 and learning_rate > 0:
            self.batch_steps += 1
            if self.batch_steps == self.batch:
                self.end_batch()
        self._move_scales()
        self.step_count += 1
        check_diverged(self.model, self._diverged_layer, self._silent, learning_rate)
        self.loss = loss / 65536
        return self.loss

    def _loss(self, outputs: np.ndarray, target) -> tuple[int, np.ndarray, Scale]:
        if self.model.loss == "softmax_cross_entropy":
            label = check_label(self.model.outputs, target)
            return softmax_cross_entropy(outputs, label)
        if self.model.is_pixelwise:
            labels = labels_of(self.model, integers(target)[None], 1)
            return pixelwise_cross_entropy(outputs, labels[0])
        if target is None:
            check_input_is_target(self.model)
            x = self.tensors[0]
            targets = fixed_multiply(x.centred().ravel(), Scale.unpack(x.scale).shifted(16))
            targets = own_targets(self.model, targets)
        else:
            rows = maps.rows_of(self.output_map, self.model.outputs)
            values = target_of(self.model, target).tolist()
            fixed = [maps.target(value, row) for value, row in zip(values, rows, strict=True)]
            targets = np.array(fixed, np.int64)
            if (np.abs(targets) > TARGET_LIMIT).any():
                raise targets_beyond(self.model)
        if self.model.loss == "mean_squared_error":
            return mean_squared_error(outputs, targets)
        return binary_cross_entropy(outputs, targets)

    def end_batch(self) -> None:
        """A mini-batch's end, be it full or not: apply what its steps have summed (section 10).
        freeze and to_model_file do so first."""
        if self.batch_steps == 0:
            return
        self.batch_steps = 0
        for layer in self.running:
            if isinstance(layer, WeightedLayer) and layer.updates and layer.sums:
                apply_sums(layer.parameters, self.random, layer.sums)

    def _move_scales(self) -> None:
        """Scales move between steps only (sections 6 and 8)."""
        needed = needs_error(self.model, self.running)
        if self._silent:
            self._diverged_layer, self._silent = 0, False  # unless it still is
        for layer in self.running:
            y = layer.output
            if y.next_error_scale:
                y.error_scale, y.next_error_scale = y.next_error_scale, 0.0
            moves = layer.updates if layer.record.has_weights else needed[layer.number]
            keeps = layer.record.keeps_scale or self.model.keeps_range(layer.number)
            moves = moves and not keeps and not layer.is_last
            if moves and layer.fill != NO_NEWS:
                silent = layer.fill == NO_FILL
                stuck = silent or layer.fill >= CUT_OFF_FILL
                change = 1 if stuck else -STUCK_RELIEF
                layer.stuck_steps = min(max(layer.stuck_steps + change, 0), STUCK_STEPS)
                if layer.stuck_steps >= STUCK_STEPS:
                    self._diverged_layer, self._silent = layer.number, silent
                layer.range_q16, y.scale = follow_range(layer.range_q16, layer.fill, y.scale)
        for layer in self.running:
            if layer.record.keeps_scale:
                layer.output.scale = layer.inputs[0].scale

    # -- units

    def _real_outputs(self, outputs: np.ndarray) -> list[float]:
        rows = maps.rows_of(self.output_map, self.model.outputs)
        return [maps.output(z, row) for z, row in zip(outputs.tolist(), rows, strict=True)]

    def _set_output_row(self, output: int, row: tuple[float, float]) -> None:
        assert self.output_map is not None
        self.output_map = self.output_map.copy()
        self.output_map[output] = row

    # -- layers

    @property
    def steps(self) -> int:
        return self.step_count

    @property
    def _diverged(self) -> int:
        return self._diverged_layer

    def _state_of(self, i: int) -> tuple[bool, float]:
        layer = self.running[i]
        return layer.updates, layer.output.scale

    def _set_frozen(self, i: int, frozen: bool) -> None:
        self.end_batch()
        layer = self.running[i]
        layer.updates = layer.record.trainable and not frozen

    def _reset(self, i: int) -> None:
        """Random weights and zero biases for a layer that trains (section 10)."""
        layer = self.running[i]
        assert isinstance(layer, WeightedLayer)
        layer.parameters.reset(self.random, layer.inputs[0].scale)
        layer.stuck_steps = self._diverged_layer = self.greatest_loss = 0
        if layer.sums is not None:
            layer.sums = Sums(layer.parameters)

    # -- saving

    def to_model_file(self, checkpoint: bool = False) -> ModelFile:
        """The model as it is now. Ends a mini-batch."""
        self.end_batch()
        model = self.model
        records = []
        for layer in self.running:
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
            input_map=self.input_map,
            output_map=self.output_map,
        )

    def to_bytes(self, checkpoint: bool = False) -> bytes:
        """The file that the device's model.save() writes."""
        return self.to_model_file(checkpoint).to_bytes()

    def _restore(self, data: ModelFile | bytes) -> None:
        if isinstance(data, ModelFile):
            data = data.to_bytes()
        saved = ModelFile.from_bytes(file_bytes("a checkpoint", data))
        check_same_model(self.model, saved)
        for layer, record in zip(self.running, saved.layers, strict=True):
            y = layer.output
            y.scale, y.error_scale, y.next_error_scale = record.output_scale, record.error_scale, 0
            layer.range_q16, layer.stuck_steps = record.output_range, 0
            if isinstance(layer, WeightedLayer) and record.trainable:
                layer.parameters = Parameters(record, self.master, True)
                layer.sums = None if layer.sums is None else Sums(layer.parameters)
        self.input_map, self.output_map = saved.input_map, saved.output_map
        self.random = Random(saved.random_state)
        self.step_count = saved.step_count
        self.greatest_loss = saved.greatest_loss
        self.batch_steps = self._diverged_layer = 0
