"""A whole model: forward, and one training step (docs/arithmetic.md, sections 3, 4, 6 and 9)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fqt.inputs import check_label, check_learning_rate, check_master, sample_of
from fqt.model_file import ModelFile
from fqt.reference import conv2d, dense, max_pool2d
from fqt.reference.fixed import INT32_MAX, Random, Scale, fixed_multiply, float_bits
from fqt.reference.loss import softmax_cross_entropy
from fqt.reference.tensor import Tensor, fill, follow_range
from fqt.reference.update import Parameters, Update

LOGIT_LIMIT = 1 << 30


class Network:
    """A model that runs and trains in the reference arithmetic.

    model: a ModelFile, or a model file's bytes. master: 8 or 16, the bits kept of each trainable
    weight. Raises ModelFileError, or ValueError for another master.
    """

    def __init__(self, model: ModelFile | bytes, master: int = 8):
        check_master(master)
        self.model = model if isinstance(model, ModelFile) else ModelFile.from_bytes(model)
        self.master = master
        self.random = Random(self.model.random_state)
        self.step_count = self.model.step_count
        self.tensors = [
            Tensor(
                self.model.input_shape, self.model.input_scale, self.model.input_zero_point, False
            )
        ]
        self.parameters: list[Parameters | None] = []
        self.ranges = []
        for i, record in enumerate(self.model.layers):
            self.tensors[i].error_scale = record.error_scale
            has_relu = self.model.clipped_by_relu(i + 1)
            output = Tensor(
                record.output_shape, record.output_scale, record.output_zero_point, has_relu
            )
            self.tensors.append(output)
            self.parameters.append(
                Parameters(record, master, record.trainable) if record.has_weights else None
            )
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
        """The index of the first greatest logit."""
        return int(self.logits(x).argmax())

    def _forward(self, x: np.ndarray) -> tuple[np.ndarray, list[int]]:
        """Gives the logits, and each layer's fill (section 8)."""
        self.tensors[0].values = self.quantize_input(x).reshape(self.model.input_shape)
        fills = []
        logits = None
        for i, record in enumerate(self.model.layers):
            x, y = self.tensors[i], self.tensors[i + 1]
            fills.append(1)
            if not record.has_weights:
                y.scale = x.scale
                y.values = (
                    max_pool2d.forward(x, record)
                    if record.kind == "max_pool2d"
                    else x.values.reshape(y.shape)
                )
                continue
            parameters = self.parameters[i]
            if record.kind == "dense":
                accumulators = dense.forward(x, parameters)
            else:
                accumulators = conv2d.forward(x, parameters, record)
            if i + 1 == len(self.model.layers):
                logits = self._requantize(
                    accumulators, Scale.unpack(x.scale).shifted(16), parameters
                )
                logits = np.clip(logits, -LOGIT_LIMIT, LOGIT_LIMIT).ravel()
                continue
            values = self._requantize(
                accumulators, Scale.unpack(x.scale) / Scale.unpack(y.scale), parameters
            )
            values = np.clip(values, -INT32_MAX + 128, INT32_MAX - 128) + y.zero_point
            has_relu = record.activation == "relu"
            fills[i] = fill(values, y.zero_point, has_relu)
            y.values = np.clip(values, y.zero_point if has_relu else -128, 127).astype(np.int8)
        return logits, fills

    @staticmethod
    def _requantize(accumulators: np.ndarray, ratio: Scale, parameters: Parameters) -> np.ndarray:
        """accumulators [...][out] * ratio * weight scale of each channel"""
        channels = [
            fixed_multiply(accumulators[..., o], ratio * Scale.unpack(scale))
            for o, scale in enumerate(parameters.scales)
        ]
        return np.stack(channels, axis=-1)

    # -- one training step (section 9)

    def train(self, x: np.ndarray, label: int, lr: float = 0.01) -> float:
        """One step on one sample. Gives the loss before it, in nats.

        Raises ValueError for a bad input, a label out of range, a learning rate that is not finite
        and >= 0, and when no layer trains.
        """
        learning_rate = check_learning_rate(lr)
        check_label(self.model, label)
        first = self.model.first_trainable
        if first == len(self.model.layers):
            raise ValueError("no layer trains")
        logits, fills = self._forward(x)
        output = self.tensors[-1]
        loss, output.error, output.error_scale = softmax_cross_entropy(logits, label)
        output.error = output.error.reshape(output.shape)
        for i in reversed(range(first, len(self.model.layers))):
            if i > first:
                self._error_of_input(i)
            if self.model.layers[i].trainable and learning_rate > 0:
                self._update(i, learning_rate)
        for i in range(first, len(self.model.layers)):
            self._move_scales(i, fills[i])
        self.step_count += 1
        return loss / 65536

    def _error_of_input(self, i: int) -> None:
        """Section 6: the error of tensor i from that of tensor i + 1."""
        record, x, y = self.model.layers[i], self.tensors[i], self.tensors[i + 1]
        s_e = Scale.unpack(y.error_scale)
        if record.kind == "flatten":
            x.error, x.error_scale = y.error.reshape(x.shape), y.error_scale
        elif record.kind == "max_pool2d":
            overlap = max_pool2d.windows_overlap(record)
            if not overlap:
                x.error_scale = y.error_scale
            x.store_error(max_pool2d.error(x, y.error, record), s_e, follow=overlap)
        else:
            parameters = self.parameters[i]
            terms = record.kernel[0] * record.kernel[1] * record.output_shape[2]
            unit = min(256, INT32_MAX // (127 * 128 * terms))
            greatest = Scale.unpack(parameters.scales.max())
            factors = [
                int(fixed_multiply(unit, Scale.unpack(scale) / greatest))
                for scale in parameters.scales
            ]
            errors = y.error.astype(np.int64) * np.array(factors)
            accumulator_scale = s_e * greatest / Scale.from_int(unit)
            if record.kind == "dense":
                accumulators = dense.error(x, parameters, errors)
            else:
                accumulators = conv2d.error(x, parameters, errors, record)
            x.store_error(accumulators, accumulator_scale)

    def _update(self, i: int, learning_rate: float) -> None:
        """Section 7."""
        record, x, y, parameters = (
            self.model.layers[i],
            self.tensors[i],
            self.tensors[i + 1],
            self.parameters[i],
        )
        step = Update(parameters, self.random, learning_rate, x.scale, y.error_scale)
        if record.kind == "dense":
            dense.update(x, parameters, y.error, step)
        else:
            conv2d.update(x, parameters, y.error, step, record)

    def _move_scales(self, i: int, fill_q16: int) -> None:
        """Scales move between steps only (sections 6 and 8)."""
        x, y = self.tensors[i], self.tensors[i + 1]
        if x.next_error_scale:
            x.error_scale = x.next_error_scale
        if self.model.layers[i].trainable and i + 1 < len(self.model.layers):
            self.ranges[i], y.scale = follow_range(self.ranges[i], fill_q16, y.scale)

    # -- saving

    def to_model_file(self, checkpoint: bool = False) -> ModelFile:
        """The model as it is now."""
        layers = []
        for i, record in enumerate(self.model.layers):
            parameters = self.parameters[i]
            changed = {"output_scale": self.tensors[i + 1].scale, "output_range": self.ranges[i]}
            if record.has_weights or (
                record.kind == "max_pool2d" and max_pool2d.windows_overlap(record)
            ):
                changed["error_scale"] = self.tensors[i].error_scale
            if not record.has_weights:
                changed["output_scale"] = (
                    layers[-1].output_scale if layers else self.model.input_scale
                )
            if parameters is not None:
                low_bytes = parameters.low_bytes
                changed["weights"] = parameters.weights.astype(np.int8)
                changed["low_bytes"] = None if low_bytes is None else low_bytes.astype(np.int8)
                changed["weight_scales"] = parameters.scales
                changed["biases"] = parameters.stored_biases.astype(np.int32)
            layers.append(replace(record, **changed))
        return replace(
            self.model,
            layers=layers,
            random_state=self.random.state,
            step_count=self.step_count,
            checkpoint=checkpoint,
        )

    def to_bytes(self, checkpoint: bool = False) -> bytes:
        """The file that the device's model.save() writes."""
        return self.to_model_file(checkpoint).to_bytes()
