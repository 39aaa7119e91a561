"""The update of trainable parameters: stochastic rounding, 8, 12 or 16 bits a weight, sticky
scales (section 7)."""

from __future__ import annotations

import numpy as np

from fqt.reference.fixed import Random, Scale, dither, fixed_multiply

STEP_LIMIT = 126 << 24
BIAS_LIMIT = 1 << 30
MAX_DECAY = 1 << 24
GROWTH, GROWTH_INVERSE = 1.25, 52429  # of a channel's unit; of its weights, Q16
SHRINKAGE, SHRINKAGE_INVERSE = 0.5, 2 << 16
SHRINK_INTERVAL = 64
GREATEST_DOUBLED = 56


class Parameters:
    """A layer's parameters: weights int8 [out][...], what they have behind the point (low, of the
    same shape, in units of 2^-low_bits; 0, 4 or 8 low bits), weight scales float32 [out], biases
    int32 [out] in units of bias_scale * weight_scales."""

    def __init__(self, record, master: int, trainable: bool):
        self.weights = record.weights.astype(np.int64)
        self.low_bits = master - 8 if trainable else 0
        self.low = np.zeros_like(self.weights)
        if record.low_bytes is not None and record.low_bits == self.low_bits:
            self.low = record.low_bytes.astype(np.int64) >> (8 - self.low_bits)
        self.scales = record.weight_scales.astype(np.float32)
        self.biases = np.clip(record.biases.astype(np.int64), -BIAS_LIMIT, BIAS_LIMIT)
        self.stored_biases = record.biases.astype(np.int64)
        self.bias_scale = record.bias_scale

    def fill(self, record) -> None:
        """Set a layer's record to the parameters as they are now."""
        record.weights = self.weights.astype(np.int8)
        record.low_bytes = None
        if self.low_bits:
            record.low_bits = self.low_bits
            record.low_bytes = (self.low << (8 - self.low_bits)).astype(np.int8)
        record.weight_scales = self.scales.copy()
        record.biases = self.stored_biases.astype(np.int32)
        record.bias_scale = self.bias_scale

    def values(self, o: int) -> np.ndarray:
        """The weights of channel o with all their bits, in units of 2^-low_bits."""
        return (self.weights[o] << self.low_bits) + self.low[o]

    def set_values(
        self, o: int, values: np.ndarray, moves: np.ndarray | bool = True
    ) -> np.ndarray | bool:
        """Set those weights of channel o that move. Returns of which the byte met the end of its
        range; their low bits are as they come."""
        half = 1 << self.low_bits >> 1
        rounded = (values + half) >> self.low_bits
        limited = np.clip(rounded, -127, 127)
        self.weights[o] = np.where(moves, limited, self.weights[o])
        self.low[o] = np.where(moves, values - (rounded << self.low_bits), self.low[o])
        return (limited != rounded) & moves

    def biases_for(self, input_scale: float) -> np.ndarray:
        """The biases in units of an accumulator, input_scale * scales[o] (section 4)."""
        if input_scale == self.bias_scale:
            return self.biases
        ratio = Scale.unpack(self.bias_scale) / Scale.unpack(input_scale)
        return np.clip(fixed_multiply(self.biases, ratio), -BIAS_LIMIT, BIAS_LIMIT)

    def reset(self, random: Random, input_scale: float) -> None:
        """Weights uniform in +-sqrt(6 / inputs) (He et al. 2015) at one scale; biases 0."""
        for j in range(self.weights.size):
            self.weights.flat[j] = ((random.draw() >> 16) * 255 >> 16) - 127
        self.low[:] = 0
        variance = Scale.from_int(6) / Scale.from_int(self.weights[0].size)
        self.scales[:] = (variance.square_root() / Scale.from_int(127)).pack()
        self.biases[:] = self.stored_biases[:] = 0
        self.bias_scale = input_scale


class Sums:
    """The steps of a mini-batch, summed: of the weights (Q24), of the biases (Q8)."""

    def __init__(self, parameters: Parameters):
        self.weights = np.zeros_like(parameters.weights)
        self.biases = np.zeros_like(parameters.biases)


class Update:
    """One layer's update in one step. rate = learning rate * s_x * s_e in Q24 units of a weight.

    sums: where a mini-batch of `batch` steps keeps them; None: weights move at once.
    """

    def __init__(
        self,
        parameters: Parameters,
        random: Random,
        learning_rate: Scale,
        s_x: float,
        s_e: float,
        weight_decay: float = 0.0,
        standardizes: bool = False,
        sums: Sums | None = None,
        batch: int = 1,
    ):
        self.parameters = parameters
        self.standardizes = standardizes
        self.sums = sums
        self.learning_rate = learning_rate
        if sums is None:
            self.mover = Mover(parameters, random)
        else:
            self.learning_rate = self.learning_rate / Scale.from_int(batch)
        self.rate = (self.learning_rate * Scale.unpack(s_x) * Scale.unpack(s_e)).shifted(24)
        self.bias_unit = Scale.unpack(s_x) * Scale.unpack(parameters.bias_scale)
        decay = (self.learning_rate * Scale.unpack(weight_decay)).shifted(32)
        self.decay = min(int(fixed_multiply(1, decay)), MAX_DECAY)

    def channel_rate(self, o: int) -> Scale:
        """k[o]: takes a gradient in integer units to a step."""
        return self.rate / Scale.unpack(self.parameters.scales[o])

    def standardized(self, o: int, values: np.ndarray) -> tuple[np.ndarray, Scale]:
        """(values - mean) * count, and the rate that takes them to a standardized step (section
        10). values: at most 14 bits."""
        count, total = values.size, int(values.sum())
        square = count * int((values * values).sum()) - total * total
        rate = self.learning_rate / Scale.unpack(self.parameters.scales[o])
        inverse = Scale(0, 0)
        if square:
            inverse = Scale.from_int(1) / Scale.from_int(square).square_root()
        return values * count - total, (rate * inverse).shifted(24)

    def apply_filter(self, o: int, gradient: np.ndarray, bias_gradient: int) -> None:
        """A step for each weight of channel o from its gradient, and its bias's."""
        rate = self.channel_rate(o)
        if self.standardizes:
            shift = max(int(np.abs(gradient).max()).bit_length() - 14, 0)
            gradient, rate = self.standardized(o, gradient >> shift)
        steps = np.clip(fixed_multiply(gradient, rate), -STEP_LIMIT, STEP_LIMIT)
        self.apply(o, steps, bias_gradient)

    def apply(self, o: int, step: np.ndarray, bias_gradient: int) -> None:
        """Subtract step (Q24, the shape of weights[o]) and the decay from channel o's weights, and
        its bias's step; or add them to the mini-batch's sums."""
        if self.decay:
            decay = (self.parameters.weights[o] * self.decay + 128) >> 8
            step = np.clip(step + decay, -STEP_LIMIT, STEP_LIMIT)
        bias_rate = (self.channel_rate(o) / self.bias_unit).shifted(-16)
        bias_step = int(np.clip(fixed_multiply(bias_gradient, bias_rate), -BIAS_LIMIT, BIAS_LIMIT))
        if self.sums is None:
            self.mover.move(o, step, bias_step)
        else:
            self.sums.weights[o] = np.clip(self.sums.weights[o] + step, -STEP_LIMIT, STEP_LIMIT)
            self.sums.biases[o] = np.clip(self.sums.biases[o] + bias_step, -BIAS_LIMIT, BIAS_LIMIT)


class Mover:
    """Moves a layer's parameters by steps, rounded stochastically: one draw for all of them."""

    def __init__(self, parameters: Parameters, random: Random):
        self.parameters = parameters
        self.random = random
        self.base = random.draw()

    def move(
        self, o: int, step: np.ndarray, bias_step: int, moves: np.ndarray | bool = True
    ) -> None:
        """Subtract step (Q24, the shape of weights[o]) from channel o's weights, from those that
        move, and bias_step (Q8) from its bias; let the channel's scale grow, once in as many times
        as it has weights that one of these met the end of its range; else let it shrink when its
        weights leave room, looking once in SHRINK_INTERVAL times."""
        parameters = self.parameters
        bits = parameters.low_bits
        shape = parameters.weights[o].shape
        count = int(np.prod(shape))
        j = o * count + np.arange(count).reshape(shape)
        noise = dither(self.base, j) >> (8 + bits)
        units = (step + noise) >> (24 - bits)
        clamped = parameters.set_values(o, parameters.values(o) - units, moves)

        bias_noise = int(dither(self.base, parameters.weights.size + o))
        bias = parameters.biases[o] - ((bias_step + (bias_noise >> 24)) >> 8)
        bias = np.clip(bias, -BIAS_LIMIT, BIAS_LIMIT)
        if np.any(clamped):
            base = self.random.draw()
            if base % count == 0:
                bias = self._rescale(o, base, GROWTH, GROWTH_INVERSE, bias)
        elif bias_noise % SHRINK_INTERVAL == 0:
            greatest = np.abs(parameters.weights[o]).max()
            if 0 < greatest <= GREATEST_DOUBLED:
                bias = self._rescale(o, self.base, SHRINKAGE, SHRINKAGE_INVERSE, bias)
        parameters.biases[o] = parameters.stored_biases[o] = bias

    def _rescale(self, o: int, base: int, factor: float, inverse: int, bias: int) -> int:
        """Channel o's unit changes by a factor, and its weights by the inverse of it (Q16), so
        that real values stay but for rounding. Returns its bias, changed alike."""
        parameters = self.parameters
        values = parameters.values(o)
        j = o * values.size + np.arange(values.size).reshape(values.shape)
        parameters.set_values(o, (values * inverse + (dither(base, j) >> 16)) >> 16)
        parameters.scales[o] = (Scale.unpack(parameters.scales[o]) * Scale.unpack(factor)).pack()
        return int(np.clip(int(bias) * inverse >> 16, -BIAS_LIMIT, BIAS_LIMIT))


def apply_sums(parameters: Parameters, random: Random, sums: Sums) -> None:
    """At a mini-batch's end: move a layer's parameters by the summed steps, and clear these."""
    mover = Mover(parameters, random)
    for o in range(len(parameters.scales)):
        moves = sums.weights[o] != 0
        mover.move(o, sums.weights[o], int(sums.biases[o]), moves)
    sums.weights[:] = 0
    sums.biases[:] = 0
