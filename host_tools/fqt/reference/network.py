"""A whole model: forward, and one training step (docs/arithmetic.md, sections 3, 4, 6 and 9)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from fqt.file.messages import fault
from fqt.file.model_file import KEEPS_SCALE, ModelFile
from fqt.inputs import (
    TARGET_LIMIT,
    check_diverged,
    check_input_is_target,
    check_label,
    check_learning_rate,
    check_master,
    sample_of,
    target_of,
)
from fqt.options import Options
from fqt.reference import add, average_pool2d, conv2d, dense, depthwise_conv2d, max_pool2d
from fqt.reference.fixed import INT32_MAX, Random, Scale, fixed_multiply, float_bits
from fqt.reference.loss import (
    binary_cross_entropy,
    error_of,
    mean_squared_error,
    softmax_cross_entropy,
)
from fqt.reference.select import (
    Selection,
    follow_greatest_loss,
    forms_few,
    probed,
    select,
    update_rate,
)
from fqt.reference.tensor import Tensor, fill, follow_range
from fqt.reference.update import Parameters, Sums, Update, apply_sums

LOGIT_LIMIT = 1 << 30
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
        check_master(master)
        self.model = model if isinstance(model, ModelFile) else ModelFile.from_bytes(model)
        if self.model.checkpoint:
            raise fault("IS_CHECKPOINT")
        if batch < 1:
            raise ValueError(f"a batch has at least 1 sample, not {batch}")
        self.master = master
        self.batch = batch
        self.batch_steps = 0
        self.options = options
        self.random = Random(self.model.random_state)
        self.step_count = self.model.step_count
        self.greatest_loss = self.model.greatest_loss
        model = self.model
        self.tensors = [
            Tensor(model.input_shape, model.input_scale, model.input_zero_point, "none")
        ]
        self.parameters: list[Parameters | None] = []
        self.sums: list[Sums | None] = []
        self.updates = []
        self.ranges = []
        self.stuck_steps = [0] * len(model.layers)
        self.diverged = 0
        self.rate = 0  # of this step, Q16
        self.sampling = 0  # random in each step, for the channels that are drawn
        for i, record in enumerate(model.layers):
            self.tensors.append(
                Tensor(
                    record.output_shape,
                    record.output_scale,
                    record.output_zero_point,
                    model.clips(i + 1),
                    record.error_scale,
                )
            )
            parameters = (
                Parameters(record, master, record.trainable) if record.has_weights else None
            )
            self.parameters.append(parameters)
            self.sums.append(Sums(parameters) if record.trainable and batch > 1 else None)
            self.updates.append(record.trainable)
            self.ranges.append(record.output_range)

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

    # -- forward (section 4)

    def logits(self, x: np.ndarray) -> np.ndarray:
        """The last layer's outputs for one sample, Q16, int64 [outputs]."""
        return self._forward(x)[0]

    def predict(self, x: np.ndarray) -> int:
        """The index of the first greatest output; with one output 1 when it is above 0, else 0."""
        outputs = self.logits(x)
        return int(outputs.argmax()) if len(outputs) > 1 else int(outputs[0] > 0)

    def _forward(self, x: np.ndarray) -> tuple[np.ndarray, list[int]]:
        """Gives the outputs, and each layer's fill (section 8)."""
        self.tensors[0].values = self.quantize_input(x).reshape(self.model.input_shape)
        fills = []
        for i, record in enumerate(self.model.layers):
            x, y = self._inputs(i)[0], self.tensors[i + 1]
            fills.append(1)
            if record.kind in KEEPS_SCALE:
                y.scale = x.scale
                y.values = (
                    max_pool2d.forward(x, record)
                    if record.kind == "max_pool2d"
                    else x.values.reshape(y.shape)
                )
                continue
            accumulators, units = self._accumulators(i)
            if i + 1 == len(self.model.layers):
                outputs = self._rescale(accumulators, [unit.shifted(16) for unit in units])
                return np.clip(outputs, -LOGIT_LIMIT, LOGIT_LIMIT).ravel(), fills
            values = self._rescale(accumulators, units)
            values = np.clip(values, -INT32_MAX + 128, INT32_MAX - 128) + y.zero_point
            fills[i] = fill(values, y, record.activation)
            low = -128 if record.activation == "none" else y.zero_point
            high = min(y.six, 127) if record.activation == "relu6" else 127
            y.values = np.maximum(np.minimum(values, high), low).astype(np.int8)
        raise AssertionError("the last layer gives the outputs")

    def _inputs(self, i: int) -> list[Tensor]:
        return [self.tensors[t] for t in self.model.inputs_of(i)]

    def _accumulators(self, i: int) -> tuple[np.ndarray, list[Scale]]:
        """A layer's accumulators, and what one unit of them is in units of the output: of each
        channel, or of all. The last layer: in real units."""
        record, parameters = self.model.layers[i], self.parameters[i]
        inputs, y = self._inputs(i), self.tensors[i + 1]
        x = inputs[0]
        s_x = Scale.unpack(x.scale)
        ratio = s_x if i + 1 == len(self.model.layers) else s_x / Scale.unpack(y.scale)
        if record.kind == "add":
            accumulators, unit = add.forward(*inputs)
            return accumulators, [unit / Scale.unpack(y.scale)]
        if record.kind == "average_pool2d":
            taps = Scale.from_int(average_pool2d.taps(record))
            return average_pool2d.forward(x, record), [ratio / taps]
        if record.kind == "dense":
            accumulators = dense.forward(x, parameters)
        elif record.kind == "conv2d":
            accumulators = conv2d.forward(x, parameters, record)
        else:
            accumulators = depthwise_conv2d.forward(x, parameters, record)
        return accumulators, [ratio * Scale.unpack(scale) for scale in parameters.scales]

    @staticmethod
    def _rescale(accumulators: np.ndarray, units: list[Scale]) -> np.ndarray:
        """accumulators [...][out] * units, one for all channels or one each"""
        if len(units) == 1:
            return fixed_multiply(accumulators, units[0])
        channels = [fixed_multiply(accumulators[..., o], unit) for o, unit in enumerate(units)]
        return np.stack(channels, axis=-1)

    # -- one training step (section 9)

    def loss(self, x: np.ndarray, target=None) -> float:
        """The loss of one sample; nothing changes. x, target: as in train."""
        return self._loss(self._forward(x)[0], target)[0] / 65536

    def train(self, x: np.ndarray, target=None, lr: float = 0.01) -> float:
        """One step on one sample. Gives the loss before it (softmax cross-entropy: in nats).

        target: a label with softmax cross-entropy, else [outputs] numbers, or None: the input
        itself. Raises ValueError for a bad input, a target that does not fit, a learning rate that
        is not finite and >= 0, and when no layer trains; DivergenceError when the step saw that.
        """
        check_diverged(self.model, self.diverged)
        learning_rate = check_learning_rate(lr)
        if not any(self.updates):
            raise ValueError("no layer trains")
        outputs, fills = self._forward(x)
        loss, derivatives, unit = self._loss(outputs, target)
        if (np.abs(outputs) == LOGIT_LIMIT).any():
            self.diverged = len(self.model.layers)
        output = self.tensors[-1]
        error, error_scale = error_of(derivatives, unit)
        self._set_error_scale(error_scale)
        output.error = error.reshape(output.shape)
        if learning_rate > 0:
            self.greatest_loss = follow_greatest_loss(self.greatest_loss, loss)
        self.rate = update_rate(loss, self.greatest_loss, *self.options.rates_q16)
        if self.options.sample_updates:
            self.sampling = self.random.draw()
        needs_error = self._needs_error()
        for i in reversed(range(len(self.model.layers))):
            if not needs_error[i + 1]:
                continue
            selected = None
            if self.parameters[i]:
                selection = self._select(i + 1, self.tensors[i + 1].error)
                selection.scale(self.tensors[i + 1].error)
                selected = selection.channels
            for t in self.model.inputs_of(i):
                if needs_error[t]:
                    self._error_of_input(i, t, selected)
            if self.updates[i] and learning_rate > 0:
                self._update(i, selected, learning_rate)
        self._end_step(fills, needs_error, learning_rate)
        check_diverged(self.model, self.diverged)
        return loss / 65536

    def _set_error_scale(self, scale: float) -> None:
        """Of the outputs' error; the scales chosen in hindsight grow with it (section 6)."""
        *others, output = self.tensors
        if output.error_scale:
            factor = Scale.unpack(scale) / Scale.unpack(output.error_scale)
            for tensor in others:
                tensor.error_scale = (Scale.unpack(tensor.error_scale) * factor).pack()
        output.error_scale = scale

    def _loss(self, outputs: np.ndarray, target) -> tuple[int, np.ndarray, Scale]:
        if self.model.loss == "softmax_cross_entropy":
            check_label(self.model.outputs, target)
            return softmax_cross_entropy(outputs, target)
        if target is None:
            check_input_is_target(self.model)
            x = self.tensors[0]
            targets = fixed_multiply(x.centred().ravel(), Scale.unpack(x.scale).shifted(16))
            targets = np.clip(targets, -TARGET_LIMIT, TARGET_LIMIT)
        else:
            targets = target_of(self.model, target)
        if self.model.loss == "mean_squared_error":
            return mean_squared_error(outputs, targets)
        return binary_cross_entropy(outputs, targets)

    def _needs_error(self) -> list[bool]:
        """Whether a layer that updates lies before each tensor."""
        needs_error = [False]
        for i, updates in enumerate(self.updates):
            needs_error.append(updates or any(needs_error[t] for t in self.model.inputs_of(i)))
        return needs_error

    def _error_of_input(self, i: int, tensor: int, selected: np.ndarray | None) -> None:
        """Section 6: the error of a tensor that layer i reads, from that of the layer's output."""
        record, x, y = self.model.layers[i], self.tensors[tensor], self.tensors[i + 1]
        if record.kind == "flatten":
            x.error, x.error_scale = y.error.reshape(x.shape), y.error_scale
            return
        scales = [Scale.unpack(y.error_scale)]
        if record.kind == "add":
            accumulators = y.error.astype(np.int64)
        elif record.kind == "max_pool2d":
            accumulators = max_pool2d.error(x, y.error, record)
        elif record.kind == "average_pool2d":
            accumulators = average_pool2d.error(x, y.error.astype(np.int64), record)
            scales = [scales[0] / Scale.from_int(average_pool2d.taps(record))]
        elif record.kind == "depthwise_conv2d":
            parameters = self.parameters[i]
            accumulators = depthwise_conv2d.error(x, parameters, self._chosen(y, selected), record)
            scales = [scales[0] * Scale.unpack(scale) for scale in parameters.scales]
        else:
            accumulators, scales = self._weighted_error(i, x, self._chosen(y, selected))
        x.store_error(
            accumulators,
            scales,
            first=self.model.readers_of(tensor)[-1] == i,
            hands_scale_on=self.model.hands_error_scale_on(tensor),
            formed=self._formed(i, tensor),
        )

    def _select(self, tensor: int, errors: np.ndarray) -> Selection:
        """Section 10: the channels of a tensor that take part in this step."""
        if tensor == len(self.model.layers):
            return Selection(np.arange(errors.shape[2]))
        random = self.sampling if self.options.sample_updates else None
        return select(errors, self.rate, self.step_count, random, tensor)

    def _formed(self, i: int, tensor: int) -> Callable[[np.ndarray], np.ndarray] | None:
        """Section 10: of the errors that a conv2d or dense layer i forms for a tensor, those at
        the probed positions and those in the channels that these select. None: all."""
        layers = self.model.layers
        if layers[i].kind not in ("conv2d", "dense") or len(self.model.readers_of(tensor)) > 1:
            return None
        source = tensor
        if layers[i].kind == "dense":  # what was flattened
            while source > 0 and layers[source - 1].kind == "flatten":
                source = self.model.inputs_of(source - 1)[0]
        shape = self.tensors[source].shape
        if source == 0 or not layers[source - 1].has_weights or not forms_few(shape[2], self.rate):
            return None

        def formed(errors: np.ndarray) -> np.ndarray:
            there = errors.reshape(shape)
            mask = np.repeat(probed(shape, self.step_count)[..., None], shape[2], axis=2)
            mask[..., self._select(source, np.where(mask, there, 0)).channels] = True
            return mask.reshape(errors.shape)

        return formed

    @staticmethod
    def _chosen(y: Tensor, selected: np.ndarray) -> np.ndarray:
        """The error of y, 0 in the channels that are not selected."""
        errors = np.zeros(y.shape, np.int64)
        errors[..., selected] = y.error[..., selected]
        return errors

    def _weighted_error(
        self, i: int, x: Tensor, errors: np.ndarray
    ) -> tuple[np.ndarray, list[Scale]]:
        """dense and conv2d: the errors are brought to a common unit, so that one sum takes all
        channels."""
        record, parameters = self.model.layers[i], self.parameters[i]
        terms = record.kernel[0] * record.kernel[1] * record.output_shape[2]
        unit = min(256, INT32_MAX // (127 * 128 * terms))
        greatest = Scale.unpack(parameters.scales.max())
        factors = [
            int(fixed_multiply(unit, Scale.unpack(scale) / greatest))
            for scale in parameters.scales
        ]
        errors = errors * np.array(factors)
        s_e = Scale.unpack(self.tensors[i + 1].error_scale)
        if record.kind == "dense":
            accumulators = dense.error(x, parameters, errors)
        else:
            accumulators = conv2d.error(x, parameters, errors, record)
        return accumulators, [s_e * greatest / Scale.from_int(unit)]

    def _update(self, i: int, selected: np.ndarray, learning_rate: float) -> None:
        """Section 7."""
        record, x, y = self.model.layers[i], self._inputs(i)[0], self.tensors[i + 1]
        step = Update(
            self.parameters[i],
            self.random,
            learning_rate,
            x.scale,
            y.error_scale,
            self.options.weight_decay_float32,
            self.options.standardize,
            self.sums[i],
            self.batch,
        )
        if record.kind == "dense":
            dense.update(x, y.error, selected, step)
        elif record.kind == "conv2d":
            conv2d.update(x, y.error, selected, step, record)
        else:
            depthwise_conv2d.update(x, y.error, selected, step, record)

    def _end_step(self, fills: list[int], needs_error: list[bool], learning_rate: float) -> None:
        """A mini-batch's update; scales move between steps only (sections 6 and 8)."""
        if self.batch > 1 and learning_rate > 0:
            self.batch_steps += 1
            if self.batch_steps == self.batch:
                self.end_batch()
        for i, record in enumerate(self.model.layers):
            y = self.tensors[i + 1]
            if y.next_error_scale:
                y.error_scale, y.next_error_scale = y.next_error_scale, 0.0
            moves = self.updates[i] if record.has_weights else needs_error[i + 1]
            if moves and record.kind not in KEEPS_SCALE and i + 1 < len(self.model.layers):
                stuck = fills[i] >= CUT_OFF_FILL or fills[i] == NO_FILL
                self.stuck_steps[i] = self.stuck_steps[i] + 1 if stuck else 0
                if self.stuck_steps[i] == STUCK_STEPS:
                    self.diverged = i + 1
                self.ranges[i], y.scale = follow_range(self.ranges[i], fills[i], y.scale)
        for i, record in enumerate(self.model.layers):
            if record.kind in KEEPS_SCALE:
                self.tensors[i + 1].scale = self._inputs(i)[0].scale
        self.step_count += 1

    def end_batch(self) -> None:
        """A mini-batch's end, be it full or not: apply what its steps have summed (section 10).
        freeze and to_model_file do so first."""
        if self.batch_steps == 0:
            return
        self.batch_steps = 0
        for i, updates in enumerate(self.updates):
            if updates:
                apply_sums(self.parameters[i], self.random, self.sums[i])

    # -- layers

    def freeze(self, i: int, frozen: bool = True) -> None:
        """Stop or start the updates of layer i (from 0), if it is trainable."""
        self.end_batch()
        self.updates[i] = self.model.layers[i].trainable and not frozen

    def reset(self, i: int) -> None:
        """Random weights and zero biases for a trainable layer i (from 0): section 10."""
        self.parameters[i].reset(self.random, self._inputs(i)[0].scale)
        self.stuck_steps[i] = self.diverged = self.greatest_loss = 0
        if self.sums[i] is not None:
            self.sums[i] = Sums(self.parameters[i])

    # -- saving

    def to_model_file(self, checkpoint: bool = False) -> ModelFile:
        """The model as it is now. Ends a mini-batch."""
        self.end_batch()
        model = self.model
        layers = []
        for i, record in enumerate(model.layers):
            parameters = self.parameters[i]
            changed = {
                "output_scale": self.tensors[i + 1].scale,
                "output_range": self.ranges[i],
                "error_scale": 0.0
                if model.hands_error_scale_on(i + 1)
                else self.tensors[i + 1].error_scale,
            }
            if parameters is not None:
                low_bytes = parameters.low_bytes
                changed["weights"] = parameters.weights.astype(np.int8)
                changed["low_bytes"] = None if low_bytes is None else low_bytes.astype(np.int8)
                changed["weight_scales"] = parameters.scales
                changed["biases"] = parameters.stored_biases.astype(np.int32)
                changed["bias_scale"] = parameters.bias_scale
            layers.append(replace(record, **changed))
        return replace(
            model,
            layers=layers,
            random_state=self.random.state,
            step_count=self.step_count,
            greatest_loss=self.greatest_loss,
            checkpoint=checkpoint,
        )

    def to_bytes(self, checkpoint: bool = False) -> bytes:
        """The file that the device's model.save() writes."""
        return self.to_model_file(checkpoint).to_bytes()
