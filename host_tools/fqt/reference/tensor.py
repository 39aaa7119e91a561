"""What flows between layers: activations with their scale and range, errors with theirs (sections
3, 6, 8)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fqt.reference.fixed import Scale, fixed_multiply

RANGE_START = 62415
RANGE_FULL = 63663
RANGE_IDLE = 43691
MARGIN = np.float32(1.05)


@dataclass
class Tensor:
    """values: int8 [height][width][channels]; error: the same shape, or None while no error was
    formed."""

    shape: tuple[int, int, int]
    scale: float
    zero_point: int
    has_relu: bool
    error_scale: float = 0.0
    next_error_scale: float = 0.0
    values: np.ndarray | None = None
    error: np.ndarray | None = None

    def centred(self) -> np.ndarray:
        """values - zero_point, int64."""
        return self.values.astype(np.int64) - self.zero_point

    def store_error(
        self, accumulators: np.ndarray, accumulator_scale: Scale, follow: bool = True
    ) -> None:
        """Quantize an error at the scale chosen in hindsight; choose the next step's (section
        6)."""
        if self.error_scale == 0.0:
            self.error_scale = accumulator_scale.pack()
        scale = Scale.unpack(self.error_scale)
        error = fixed_multiply(accumulators, accumulator_scale / scale).reshape(self.shape)
        if self.has_relu:
            error = np.where(self.values == self.zero_point, 0, error)
        self.error = np.clip(error, -127, 127).astype(np.int8)
        if follow:
            peak = int(np.abs(error).max())
            if peak > 127:
                factor = Scale.from_int(peak) / Scale.from_int(127)
            else:
                factor = Scale.from_int(127 * 127 + peak) / Scale.from_int(127 * 128)
            self.next_error_scale = (scale * factor).pack()


def fill(output: np.ndarray, zero_point: int, has_relu: bool) -> int:
    """How much of the int8 range a tensor takes, Q16. output: before the clamp (section 8)."""
    candidates = [1]
    if zero_point < 127:
        greatest = int(np.clip(output.max(), -16384, 16384))
        candidates.append((greatest - zero_point) * (65536 // (127 - zero_point)))
    if zero_point > -128 and not has_relu:
        least = int(np.clip(output.min(), -16384, 16384))
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
