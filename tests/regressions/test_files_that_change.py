"""Faults of loading that people met or that were found by looking: a header read twice, scales
checked in one read and taken in another, a checkpoint taken in a second pass without a check."""

import numpy as np
from ports import SCRIPTS

from fqt.run import core
from models import Layer, random_model, random_samples


def test_streams_that_change_between_reads(unix_port, small_model):
    model = core.Model(small_model)
    x = random_samples(small_model, 4)
    model.train_many(x, np.arange(4) % 3, [0, 1, 2, 3], 0.1)
    unix_port.put("checking.py", (SCRIPTS / "checking.py").read_bytes())
    unix_port.put("model.fqt", small_model.to_bytes())
    unix_port.put("checkpoint.fqt", model.to_bytes(checkpoint=True))
    unix_port.run(SCRIPTS / "streams.py")


def test_a_buffer_that_changes_under_a_model():
    """Frozen parameters are used where they lie, and a bytearray may be written to: outputs
    change, nothing else. A weight scale of 0 was divided by, in a loop that does not end on some
    cores."""
    rng = np.random.default_rng(3)
    layers = [Layer("conv2d", 4, (3, 3)), Layer("conv2d", 4, (3, 3), trainable=False)]
    model = random_model([*layers, Layer("dense", 3)], (6, 6, 1), seed=5)
    x = random_samples(model, 2)
    opened = core.Model(model, in_place=True)
    size = len(model.to_bytes())
    for fill in (0, 0xFF, 0x80, None):
        data = rng.bytes(size) if fill is None else bytes([fill]) * size
        core.ctypes.memmove(opened._file, data, size)
        opened.predict(x[0])
        opened.train(x[1], 1, 1e-6)
