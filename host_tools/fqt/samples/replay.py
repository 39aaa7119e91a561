"""Which samples a replay memory keeps: fqt.Replay of a device (micropython_lib/fqt_field.py;
docs/field.md says how it chooses), for experiments on the desk."""

from __future__ import annotations

from collections import Counter

import numpy as np

from fqt.samples.recordings import HEADER, record_type, recording_bytes

MASK = 0xFFFFFFFF


def replay_key(crc: int, seed: int) -> int:
    """30 random bits of a record with this CRC: MurmurHash3's last mixing."""
    h = (crc ^ (seed * 0x9E3779B9)) & MASK
    h = ((h ^ (h >> 16)) * 0x85EBCA6B) & MASK
    h = ((h ^ (h >> 13)) * 0xC2B2AE35) & MASK
    return (h ^ (h >> 16)) >> 2


def replay_choice(x: np.ndarray, y: np.ndarray, samples: int = 100, seed: int = 1) -> np.ndarray:
    """The samples that a device's Replay(..., samples=samples, seed=seed) keeps when all are added
    in their order: indices, in the order that it has them. x: [n][height][width][channels] uint8,
    int8, int16 or float32; y: labels [n], 0 to 255. Raises ValueError for others, and when there
    are more classes than samples are kept."""
    y = np.asarray(y)
    data = recording_bytes(x, y)
    records = np.frombuffer(data, record_type(np.asarray(x), 0), offset=HEADER.size)
    kept: list[tuple[int, int, int]] = []  # label, key, index
    sizes: Counter[int] = Counter()
    for index, (crc, label) in enumerate(zip(records["crc"].tolist(), y.tolist(), strict=True)):
        key = replay_key(crc, seed)
        if any(one[:2] == (label, key) for one in kept):
            continue
        if label not in sizes and len(sizes) == samples:
            raise ValueError(f"{samples} samples are too few for one more class")
        largest = max(sizes.values(), default=0)
        is_full = len(kept) + len(sizes) > samples
        kept.append((label, key, index))
        if sizes[label] == largest and is_full and largest:
            losers = [label]
        else:
            sizes[label] += 1
            if len(kept) <= samples:
                continue
            largest = max(sizes.values())
            losers = [label for label, size in sizes.items() if size == largest]
            sizes.subtract(losers)
        # A place that becomes free is taken by the last, as on a device.
        greatest = [max(one for one in kept if one[0] == loser) for loser in losers]
        for i in sorted((kept.index(one) for one in greatest), reverse=True):
            kept[i] = kept[-1]
            kept.pop()
    return np.array([index for _, _, index in kept], np.int64)
