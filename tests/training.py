"""One training run on a port or board, compared with the reference byte for byte."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
from ports import SCRIPTS

from fqt import core
from fqt.model_file import ModelFile
from fqt.reference import Network
from models import random_samples


def note_run(board: str, architecture: str, steps: int) -> None:
    """Leave a note for tools/readme_table.py that this run gave the reference's bytes."""
    folder = Path(os.environ["FQT_BUILD"]) / "boards"
    folder.mkdir(exist_ok=True)
    note = {"board": board, "arch": architecture, "steps": steps}
    (folder / f"{architecture}.json").write_text(json.dumps(note) + "\n")


def train_on(port, model: ModelFile, master: int, steps: int, lr: float, stress="none", seed=1):
    """Run train_run.py; give what it printed as a dict. port: a UnixPort or a Board."""
    samples = random_samples(model, min(steps, 50), seed)
    outputs = np.prod(model.layers[-1].output_shape)
    labels = np.random.default_rng(seed).integers(0, outputs, len(samples))
    port.put("model.fqt", model.to_bytes())
    port.put("samples.bin", samples.tobytes())
    port.put("labels.bin", labels.astype(np.uint8).tobytes())
    port.put("job.txt", f"model.fqt {master} {steps} {lr} {stress}".encode())
    printed = dict(line.split() for line in port.run(SCRIPTS / "train_run.py").splitlines())
    reference = Network(model, master)
    for i in range(steps):
        reference.train(samples[i % len(samples)], int(labels[i % len(samples)]), lr)
    assert port.get("trained.fqt") == reference.to_bytes()
    assert port.get("checkpoint.fqt") == reference.to_bytes(checkpoint=True)
    assert int(printed["memory"]) == core.Model(model, master).memory
    assert printed["steps"] == str(steps)
    assert printed["heap"] == "0"
    return printed
