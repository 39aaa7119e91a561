"""The file parser and the engine behind it, under AddressSanitizer and UndefinedBehaviorSanitizer
(model_file.c)."""

import os
import subprocess
from pathlib import Path

import pytest

from models import Layer, random_model

FUZZ_SECONDS = int(os.environ.get("FQT_FUZZ_SECONDS", "30"))


def tool(name):
    path = Path(os.environ["FQT_FUZZ_PATH"]) / name
    assert path.exists(), f"{path} is missing: run the tests with `make test`"
    return path


@pytest.fixture
def corpus(tmp_path):
    """Small model files of every layer kind, each behind the byte that chooses how it is read."""
    layers = [
        Layer("conv2d", 2, (2, 2), (1, 1), (1, 0, 0, 1)),
        Layer("max_pool2d", 0, (2, 2), (1, 1)),
        Layer("flatten"),
        Layer("dense", 3, trainable=False),
        Layer("dense", 2),
    ]
    folder = tmp_path / "corpus"
    folder.mkdir()
    for number, (chosen, low_bytes) in enumerate(
        [(layers, True), (layers[:2] + layers[4:], False)]
    ):
        model = random_model(chosen, (3, 3, 1), number, low_bytes=low_bytes)
        (folder / str(number)).write_bytes(b"\0" + model.to_bytes())
    return folder


@pytest.mark.slow
def test_every_truncation_and_every_changed_byte(corpus):
    files = sorted(str(path) for path in corpus.iterdir())
    result = subprocess.run([tool("exhaustive"), *files], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert int(result.stdout.split()[0]) > 10_000


@pytest.mark.slow
def test_bounded_fuzzing(corpus, tmp_path):
    found = tmp_path / "found"
    found.mkdir()
    options = [f"-max_total_time={FUZZ_SECONDS}", "-max_len=2000", f"-artifact_prefix={tmp_path}/"]
    command = [tool("model_file"), *options, found, corpus]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr[-3000:]
    assert len(list(found.iterdir())) > 50
