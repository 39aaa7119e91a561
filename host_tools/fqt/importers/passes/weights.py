"""Weights as the device's kinds have them: groups and dilation written out, scales one a channel.
All of this is exact but for channels whose bias is beyond what the device holds."""

from __future__ import annotations

import numpy as np

BIAS_LIMIT = 1 << 30  # docs/arithmetic.md, section 3


def without_dilation(weights: np.ndarray, dilation: tuple[int, int]) -> np.ndarray:
    """[out][kh][kw][in] with zeros between the taps."""
    if tuple(dilation) == (1, 1):
        return weights
    out, height, width, channels = weights.shape
    reach = (height - 1) * dilation[0] + 1, (width - 1) * dilation[1] + 1
    apart = np.zeros((out, *reach, channels), weights.dtype)
    apart[:, :: dilation[0], :: dilation[1]] = weights
    return apart


def without_groups(weights: np.ndarray, groups: int) -> np.ndarray:
    """[out][kh][kw][in per group] -> [out][kh][kw][in], zeros where a group does not read."""
    if groups == 1:
        return weights
    out, height, width, own = weights.shape
    whole = np.zeros((out, height, width, groups * own), weights.dtype)
    for channel in range(out):
        start = channel // (out // groups) * own
        whole[channel, :, :, start : start + own] = weights[channel]
    return whole


def by_channel(scales: np.ndarray, outputs: int) -> np.ndarray:
    """One scale for each output, of one for all or of as many."""
    return np.broadcast_to(scales.astype(np.float32), (outputs,)).copy()


def within_limits(
    weights: np.ndarray, scales: np.ndarray, biases: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same with biases of at most 2^30: a greater one is in units of so small a scale that the
    weights beside it count for almost nothing, and are halved (rounded) with it."""
    weights, scales, biases = weights.copy(), scales.copy(), biases.astype(np.int64)
    for channel in np.flatnonzero(np.abs(biases) > BIAS_LIMIT):
        halvings = int(np.abs(biases[channel])).bit_length() - 30
        scales[channel] *= 2**halvings
        weights[channel] = np.round(weights[channel] / 2**halvings)
        biases[channel] = round(biases[channel] / 2**halvings)
    return weights, scales, biases.astype(np.int32)
