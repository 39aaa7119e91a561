"""The core under AddressSanitizer and UndefinedBehaviorSanitizer, as every board runs it (fuzz.h):
random models, every changed byte of some, and a bounded run of the fuzzer."""

import os
import random
import subprocess
from pathlib import Path

import pytest
from corpus import job, write_corpus
from fuzzing import counts_of, fuzz

from fqt.kinds import KINDS
from models import Layer, random_model

FUZZ_SECONDS = int(os.environ.get("FQT_FUZZ_SECONDS", "60"))
# Together of every layer kind.
SMALL_NETWORKS = [
    [
        Layer("conv2d", 2, (2, 2), (1, 1), (1, 0, 0, 1)),
        Layer("max_pool2d", 0, (2, 2), (1, 1)),
        Layer("flatten"),
        Layer("dense", 3, trainable=False),
        Layer("dense", 2),
    ],
    [
        Layer("depthwise_conv2d", 0, (2, 1), (1, 1), (1, 0, 0, 0)),
        Layer("add", inputs=(0, 1)),
        Layer("multiply", inputs=(2, 1)),
        Layer("concatenate", inputs=(1, 3)),
        Layer("upsample2d", 0, (1, 1), (1, 2)),
        Layer("table", activation="silu"),
        Layer("average_pool2d", 0, (2, 2), (1, 1)),
        Layer("dense", 2),
    ],
    [
        Layer("conv2d", 2, trainable=False),
        Layer("lstm", 2, activation="sequence"),
        Layer("lstm", 3),
        Layer("dense", 2),
    ],
    [Layer("gru", 2, activation="sequence"), Layer("gru", 3), Layer("dense", 2)],
]


def tools() -> Path:
    folder = Path(os.environ["FQT_FUZZ_PATH"])
    assert (folder / "gcc" / "files").exists(), f"no tools in {folder}: run `make test`"
    return folder


def run_files(*arguments):
    command = [tools() / "gcc" / "files", *arguments]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr[-6000:]
    return counts_of(result.stdout)


@pytest.mark.slow
def test_random_models_train_alike_under_sanitizers(tmp_path):
    """Every layer kind on every backend."""
    counts = run_files(*write_corpus(tmp_path, 20, largest=10**6))
    assert counts.trained > 0.9 * counts.executions > 200


@pytest.mark.slow
@pytest.mark.parametrize("low_bits", [0, 4, 8])
def test_every_truncation_and_every_changed_byte(tmp_path, low_bits):
    assert {layer.kind for layers in SMALL_NETWORKS for layer in layers} == set(KINDS)
    draw = random.Random(low_bits)
    for number, layers in enumerate(SMALL_NETWORKS):
        model = random_model(layers, (3, 3, 1), number, low_bits=low_bits)
        path = tmp_path / str(number)
        path.write_bytes(job(draw) + model.to_bytes())
        assert run_files("--every-byte", path).executions > 1500


@pytest.mark.slow
def test_bounded_fuzzing(tmp_path):
    """Mutated models, about a third of which still load: all of them train to the same bytes on
    every backend."""
    counts = fuzz(FUZZ_SECONDS, tmp_path, tools())
    assert counts.executions > 10 * FUZZ_SECONDS
    assert counts.trained > counts.executions / 8
