"""The inputs that fuzzing starts from: random models of every layer kind, each behind a job
(fuzz.h)."""

import random
import struct
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings

import models
from fqt.file.model_file import ModelFile
from fqt.kinds import KINDS

JOB = struct.Struct("<8B6I")
FLAGS = 64  # of a job, all but that of a stream that changes
MAX_BYTES = 3000  # of a model file: small ones are tried more often
FULL_RATE = 65535
LEARNING_RATES = (0x3C23D70A, 0x3D4CCCCD, 0x3F000000)  # 0.01, 0.05, 0.5
WEIGHT_DECAYS = (0, 0, 0x3C23D70A, 0x447A0000)  # 0.01, 1000
ONE = 0x3F800000


def job(draw: random.Random) -> bytes:
    """How a model is loaded and trained: half of the time as usual."""
    flags, frozen, reset = draw.randrange(FLAGS), draw.randrange(4), draw.randrange(2)
    rates = (draw.randrange(FULL_RATE), FULL_RATE) if draw.randrange(2) else (FULL_RATE,) * 2
    return JOB.pack(
        draw.randrange(2),
        draw.choice((0, 0, 2)),
        flags,
        draw.randrange(6),
        frozen,
        reset,
        draw.randrange(8),
        0,
        *rates,
        draw.choice(WEIGHT_DECAYS),
        draw.choice(LEARNING_RATES),
        draw.randrange(2**32),
        ONE,
    )


def random_models(strategy, count: int) -> list[ModelFile]:
    """The same ones each time."""
    found = []

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(model):
        found.append(model)

    collect()
    return found


def write_corpus(folder: Path, count: int = 8, largest: int = MAX_BYTES) -> list[Path]:
    """Up to `count` files around each layer kind, and as many of whole networks, each with a model
    of at most `largest` bytes. Returns their paths. Every kind is in one of them."""
    found = random_models(models.networks(), count * len(KINDS))
    for kind in KINDS:
        found += random_models(models.networks_around(kind), count)
    found = [model for model in found if len(model.to_bytes()) <= largest]
    kinds = {layer.kind for model in found for layer in model.layers}
    assert kinds == set(KINDS), f"no seed has {set(KINDS) - kinds}"
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    draw = random.Random(1)
    for number, model in enumerate(found):
        paths.append(folder / f"seed{number:03}")
        paths[-1].write_bytes(job(draw) + model.to_bytes())
    return paths
