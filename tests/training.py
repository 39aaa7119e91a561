"""One training run on a port or board, compared with the reference byte for byte; and the models
that the device's API is tested with."""

from __future__ import annotations

import ast
import io
import json
import os
from pathlib import Path

import numpy as np
import pytest
from append_messages import messages
from ports import SCRIPTS

from fqt import core
from fqt.inputs import DivergenceError
from fqt.model_file import ModelFile
from fqt.options import Options
from fqt.reference import Network
from fqt.reference.fixed import shuffle
from fqt.train.schedules import learning_rate
from models import Layer, random_model, random_samples, random_targets, with_maps

HEADER = Path(__file__).resolve().parents[1] / "natmod/core/base/fqt_messages.h"
DATA_MODULE = Path(__file__).resolve().parents[1] / "micropython_lib/fqt_data.py"
API_SCRIPTS = (
    "api.py",
    "targets.py",
    "layers.py",
    "fitting.py",
    "whole_files.py",
    "forms_of_data.py",
    "arguments_of_fit.py",
    "recording.py",
)
MSE = "mean_squared_error"
BCE = "binary_cross_entropy"
PCE = "pixelwise_cross_entropy"


def note_run(board: str, architecture: str, steps: int) -> None:
    """Leave a note for tools/modules_table.py that this run gave the reference's bytes."""
    folder = Path(os.environ["FQT_BUILD"]) / "boards"
    folder.mkdir(exist_ok=True)
    note = {"board": board, "arch": architecture, "steps": steps}
    (folder / f"{architecture}.json").write_text(json.dumps(note) + "\n")


def train_on(
    port,
    model: ModelFile,
    master: int,
    steps: int,
    lr: float,
    stress="none",
    seed=1,
    batch=1,
    options: Options = Options(),  # noqa: B008 (immutable)
):
    """Run train_run.py; give what it printed as a dict. port: a UnixPort or a Board. stress: "gc"
    collects before each step; "features" starts steps behind the frozen front part, if there is
    one."""
    samples = random_samples(model, min(steps, 50), seed)
    targets = random_targets(model, len(samples), seed)
    is_labels = model.is_pixelwise or model.loss == "softmax_cross_entropy"
    port.put("model.fqt", model.to_bytes())
    port.put("samples.bin", samples.tobytes())
    port.put("targets.bin", np.array(targets, np.uint8 if is_labels else np.float32).tobytes())
    least, greatest = options.update_rate
    job = f"{master} {batch} {steps} {lr} {stress} {least} {greatest} "
    job += f"{int(options.standardize)} {options.weight_decay} {int(options.sample_updates)}"
    port.put("job.txt", f"model.fqt {job}".encode())
    printed = dict(line.split() for line in port.run(SCRIPTS / "train_run.py").splitlines())
    reference = Network(model, master, batch, options)
    diverged = "0"
    for i in range(steps):
        try:
            reference.train(samples[i % len(samples)], targets[i % len(samples)], lr)
        except DivergenceError:
            diverged = "1"
            break
    assert port.get("trained.fqt") == reference.to_bytes()
    assert port.get("checkpoint.fqt") == reference.to_bytes(checkpoint=True)
    assert int(printed["memory"]) == core.Model(model, master, batch).memory
    assert printed["diverged"] == diverged
    assert printed["steps"] == str(reference.steps)
    assert printed["heap"] == "0"
    return printed


def check_orders_and_rates(port) -> None:
    """fqt.fit's orders and learning rates on a device are the host's."""
    lines = [ast.literal_eval(line) for line in port.run(SCRIPTS / "order.py").splitlines()]
    order = np.arange(50)
    for seed, printed in zip((0, 1, 77777), lines, strict=False):
        shuffle(order, seed)
        assert printed == order.tolist()
    for schedule, printed in zip(("linear", "cosine", "constant"), lines[3:], strict=True):
        rates = [learning_rate(schedule, 0.02, epoch, 7) for epoch in range(7)]
        # A board with single-precision floats prints fewer digits.
        assert printed == pytest.approx(rates, rel=1e-6)


def put_api_models(port) -> None:
    """What API_SCRIPTS need beside them, but for the three files of api.py."""
    dense = Layer("dense", 8)
    frozen = Layer("conv2d", 4, (3, 3), (2, 2), trainable=False)
    models = {
        "autoencoder.fqt": random_model(
            [dense, Layer("dense", 12)], (3, 4, 1), 5, "int8", loss=MSE
        ),
        "value.fqt": random_model([dense, Layer("dense", 1)], (3, 4, 1), 6, "uint8", loss=MSE),
        "mapped.fqt": with_maps(
            random_model([dense, Layer("dense", 1)], (3, 4, 1), 6, "uint8", loss=MSE)
        ),
        "binary.fqt": random_model([dense, Layer("dense", 1)], (3, 4, 1), 7, "uint8", loss=BCE),
        "tags.fqt": random_model([dense, Layer("dense", 3)], (3, 4, 1), 8, "uint8", loss=BCE),
        "pixels.fqt": random_model(
            [Layer("conv2d", 4, (3, 3), (1, 1), (1, 1, 1, 1)), Layer("conv2d", 3)],
            (3, 4, 1),
            12,
            loss=PCE,
        ),
        "head.fqt": random_model(
            [frozen, Layer("max_pool2d", 0, (2, 2), (1, 1)), dense, Layer("dense", 3)],
            (8, 8, 1),
            9,
        ),
        "wide.fqt": random_model([Layer("dense", 60), Layer("dense", 3)], (6, 6, 1), 11),
        "residual.fqt": random_model(
            [
                Layer("conv2d", 2, (3, 3), (1, 1), (1, 1, 1, 1)),
                Layer("conv2d", 2, (3, 3), (1, 1), (1, 1, 1, 1)),
                Layer("add", inputs=(1, 2)),
                Layer("dense", 3),
            ],
            (4, 4, 1),
            10,
        ),
    }
    for name, model in models.items():
        port.put(name, model.to_bytes())
    port.put("fqt_data.py", DATA_MODULE.read_bytes())
    rows = np.arange(4)
    port.put("ones.npy", npy(np.stack([rows, rows + 1, -rows], axis=1).astype(np.int16)))
    port.put("labels.npy", npy(rows % 2))


def npy(array: np.ndarray) -> bytes:
    """The file that numpy.save makes of an array."""
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def check_messages(port, in_firmware: bool = False) -> None:
    """Every error text as the module tells it, and what it tells without its file. fqt.mpy lies
    where the script runs, or the module is a part of the firmware."""
    lines = [
        f"{exception.title().replace('_', '')} {text}\n"
        for exception, _, text in messages(HEADER.read_text())
    ]
    port.put("messages.txt", "".join(lines).encode())
    port.put("checking.py", (SCRIPTS / "checking.py").read_bytes())
    assert port.run(SCRIPTS / "messages.py").count("ok ") == (2 if in_firmware else 3)


def check_arguments(port, small_model, frozen_model) -> None:
    """A case for each message of the binding, which are about arguments."""
    source = HEADER.read_text()
    section = source[source.index("/* arguments") : source.index("/* files, data, fit")]
    lines = [
        f"{name} {exception.title().replace('_', '')} {text}\n"
        for exception, name, text in messages(section)
    ]
    put_api_models(port)
    port.put("small.fqt", small_model.to_bytes())
    port.put("floats.fqt", frozen_model.to_bytes())
    silent = random_model([Layer("conv2d", 4, (3, 3)), Layer("dense", 3)], (6, 6, 1))
    silent.layers[0].biases[:] = -(1 << 20)
    port.put("silent.fqt", silent.to_bytes())
    beyond = random_model([Layer("dense", 3)], (6, 6, 1))
    beyond.layers[0].weight_scales[:] = 2.0**40
    port.put("beyond.fqt", beyond.to_bytes())
    port.put("arguments.txt", "".join(lines).encode())
    port.put("checking.py", (SCRIPTS / "checking.py").read_bytes())
    assert port.run(SCRIPTS / "arguments.py").count("ok ") == 1


def check_api(port, small_model, frozen_model, other_model) -> None:
    """Run every script that tests the API on a device."""
    port.put("small.fqt", small_model.to_bytes())
    port.put("floats.fqt", frozen_model.to_bytes())
    port.put("other.fqt", other_model.to_bytes())
    for helper in ("checking.py", "disks.py"):
        port.put(helper, (SCRIPTS / helper).read_bytes())
    put_api_models(port)
    for script in API_SCRIPTS:
        source = (SCRIPTS / script).read_text()
        printed = port.run(SCRIPTS / script)
        assert printed.count("ok ") == source.count("\ndef check_"), printed
