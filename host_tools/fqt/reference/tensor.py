"""What flows between layers: activations with their scale and range, errors with theirs (sections
3, 6, 8)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from fqt.reference.fixed import Scale, fixed_multiply

WATCHED_LIMIT = 16384
RANGE_START = 62415
RANGE_FULL = 63663
RANGE_IDLE = 43691
MARGIN = float(np.float32(1.05))


@dataclass
class Tensor:
    """values: int8 [height][width][channels]; error: the same shape. Both are empty until they are
    formed."""

    shape: tuple[int, int, int]
    scale: float
    zero_point: int
    clips: str  # the activation that clipped it
    error_scale: float = 0.0
    next_error_scale: float = 0.0
    values: np.ndarray = field(default_factory=lambda: np.empty(0, np.int8))
    error: np.ndarray = field(default_factory=lambda: np.empty(0, np.int8))

    def centred(self) -> np.ndarray:
        """values - zero_point, int64."""
        return self.values.astype(np.int64) - self.zero_point

    @property
    def six(self) -> int:
        """6 in units of this tensor (section 4, ReLU6)."""
        units = int(fixed_multiply(6, Scale.from_int(1) / Scale.unpack(self.scale)))
        return self.zero_point + min(units, WATCHED_LIMIT)

    def unclipped(self) -> np.ndarray:
        """Where the activation function passed the value on, so that errors flow."""
        inside = np.ones(self.shape, bool)
        if self.clips != "none":
            inside &= self.values > self.zero_point
        if self.clips == "relu6":
            inside &= self.values < min(self.six, 128)
        return inside

    def store_error(
        self,
        accumulators: np.ndarray,
        scales: list[Scale],
        first: bool,
        hands_scale_on: bool,
        settles: bool,
        formed: Callable[[np.ndarray], np.ndarray] | None = None,
    ) -> None:
        """Quantize an error at the scale chosen in hindsight; choose the next step's (section 6).

        scales: of the accumulators, one for all or one a channel, whose greatest comes first where
        the error's scale is unset. first: no reader has stored its error in this step.
        hands_scale_on: the scale follows from the accumulators' instead. settles: where the
        error's scale is unset, what its peak tells serves at once. formed: gives from all
        errors, int8, a mask of those that are formed (section 10); the others become 0 here.
        """
        is_unset = self.error_scale == 0.0
        if hands_scale_on or is_unset:
            greatest = max(scales, key=lambda scale: (scale.pack()))
            self.error_scale = greatest.pack()
        if settles and is_unset and not hands_scale_on:
            self.store_error(accumulators, scales, first, hands_scale_on, settles, formed)
            self.error_scale = self.next_error_scale
        scale = Scale.unpack(self.error_scale)
        accumulators = accumulators.reshape(self.shape)
        if len(scales) == 1:
            error = fixed_multiply(accumulators, scales[0] / scale)
        else:
            channels = [
                fixed_multiply(accumulators[..., c], scales[c] / scale)
                for c in range(self.shape[2])
            ]
            error = np.stack(channels, axis=-1)
        error = np.where(self.unclipped(), error, 0)
        if not first:
            error = np.clip(error, -(1 << 30), 1 << 30) + self.error
        if formed is not None:
            error = np.where(formed(np.clip(error, -127, 127).astype(np.int8)), error, 0)
        self.error = np.clip(error, -127, 127).astype(np.int8)
        if hands_scale_on:
            return
        peak = int(np.abs(error).max())
        if peak > 127:
            factor = Scale.from_int(peak) / Scale.from_int(127)
        else:
            factor = Scale.from_int(127 * 127 + peak) / Scale.from_int(127 * 128)
        followed = (scale * factor).pack()
        self.next_error_scale = followed if first else max(followed, self.next_error_scale)


def fill(output: np.ndarray, tensor: Tensor, activation: str) -> int:
    """How much of the int8 range a tensor takes, Q16. output: before the clamp (section 8)."""
    zero_point = tensor.zero_point
    candidates = [1]
    if zero_point < 127:
        greatest = int(np.clip(output.max(), -WATCHED_LIMIT, WATCHED_LIMIT))
        if activation == "relu6":
            greatest = min(greatest, tensor.six)
        candidates.append((greatest - zero_point) * (65536 // (127 - zero_point)))
    if zero_point > -128 and activation == "none":
        least = int(np.clip(output.min(), -WATCHED_LIMIT, WATCHED_LIMIT))
        candidates.append((zero_point - least) * (65536 // (zero_point + 128)))
    return max(candidates)


def follow_range(range_q16: int, fill_q16: int, scale: float) -> tuple[int, float]:
    """The range and the scale of a trainable layer's output for the next step (section 8)."""
    if fill_q16 > range_q16:
        range_q16 = fill_q16
    else:
        range_q16 -= (range_q16 - fill_q16) >> 10
    if range_q16 > RANGE_FULL or range_q16 < RANGE_IDLE:
        grown = (Scale.unpack(scale) * Scale.from_int(range_q16)).shifted(-16) * Scale.unpack(
            MARGIN
        )
        return RANGE_START, grown.pack()
    return range_q16, scale
