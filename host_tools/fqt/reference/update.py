"""The update of trainable parameters: stochastic rounding, one or two bytes a weight, sticky
scales (section 7)."""

from __future__ import annotations

import numpy as np

from fqt.reference.fixed import Random, Scale, dither, fixed_multiply

STEP_LIMIT = 126 << 24
BIAS_LIMIT = 1 << 30
GROWTH = np.float32(1.25)
SHRINK = np.float32(0.8)
SHRINK_Q16 = 52429


class Parameters:
    """A layer's parameters: weights int8 [out][...], low bytes of the same shape (master=16) or
    None, weight scales
    float32 [out], biases int32 [out] in units of bias_scale * weight_scales."""

    def __init__(self, record, master: int, trainable: bool):
        self.weights = record.weights.astype(np.int64)
        self.low_bytes = None
        if trainable and master == 16:
            low_bytes = (
                record.low_bytes if record.low_bytes is not None else np.zeros_like(record.weights)
            )
            self.low_bytes = low_bytes.astype(np.int64)
        self.scales = record.weight_scales.astype(np.float32)
        self.biases = np.clip(record.biases.astype(np.int64), -BIAS_LIMIT, BIAS_LIMIT)
        self.stored_biases = record.biases.astype(np.int64)
        self.bias_scale = record.bias_scale

    def biases_for(self, input_scale: float) -> np.ndarray:
        """The biases in units of an accumulator, input_scale * scales[o] (section 4)."""
        if input_scale == self.bias_scale:
            return self.biases
        ratio = Scale.unpack(self.bias_scale) / Scale.unpack(input_scale)
        return np.clip(fixed_multiply(self.biases, ratio), -BIAS_LIMIT, BIAS_LIMIT)


class Update:
    """One layer's update in one step. rate = learning rate * s_x * s_e in Q24 units of a
    weight."""

    def __init__(
        self, parameters: Parameters, random: Random, learning_rate: float, s_x: float, s_e: float
    ):
        self.parameters = parameters
        self.random = random
        self.base = random.draw()
        self.growth_base = None
        self.rate = (Scale.unpack(learning_rate) * Scale.unpack(s_x) * Scale.unpack(s_e)).shifted(
            24
        )
        self.bias_unit = Scale.unpack(s_x) * Scale.unpack(parameters.bias_scale)

    def channel_rate(self, o: int) -> Scale:
        """k[o]: takes a gradient in integer units to a step."""
        return self.rate / Scale.unpack(self.parameters.scales[o])

    def apply(self, o: int, step: np.ndarray, bias_gradient: int) -> None:
        """Subtract step (Q24, the shape of weights[o]) from channel o's weights, and its bias's
        step."""
        parameters = self.parameters
        shape = parameters.weights[o].shape
        count = int(np.prod(shape))
        j = o * count + np.arange(count).reshape(shape)
        noise = dither(self.base, j)
        if parameters.low_bytes is None:
            limit = 127
            weights = parameters.weights[o] - ((step + (noise >> 8)) >> 24)
        else:
            limit = 127 * 256
            weights = (
                parameters.weights[o] * 256
                + parameters.low_bytes[o]
                - ((step + (noise >> 16)) >> 16)
            )
        clamped = np.abs(weights) > limit
        weights = np.clip(weights, -limit, limit)

        bias_rate = (self.channel_rate(o) / self.bias_unit).shifted(-16)
        bias_step = int(np.clip(fixed_multiply(bias_gradient, bias_rate), -BIAS_LIMIT, BIAS_LIMIT))
        bias_noise = int(dither(self.base, parameters.weights.size + o))
        bias = parameters.biases[o]
        if bias_gradient != 0:
            bias = np.clip(bias - ((bias_step + (bias_noise >> 24)) >> 8), -BIAS_LIMIT, BIAS_LIMIT)

        if clamped.any():
            if self.growth_base is None:
                self.growth_base = self.random.draw()
            weights = (weights * SHRINK_Q16 + (dither(self.growth_base, j) >> 16)) >> 16
            bias = fixed_multiply(bias, Scale.unpack(SHRINK))
            parameters.scales[o] = (
                Scale.unpack(parameters.scales[o]) * Scale.unpack(GROWTH)
            ).pack()

        parameters.biases[o] = parameters.stored_biases[o] = bias
        if parameters.low_bytes is None:
            parameters.weights[o] = weights
        else:
            parameters.weights[o] = (weights + 128) >> 8
            parameters.low_bytes[o] = weights - parameters.weights[o] * 256
