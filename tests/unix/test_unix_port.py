"""The native module under MicroPython's unix port: against the reference byte for byte, and the
device's API."""

import random
import signal
import subprocess
import time

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fqt import core
from fqt.reference import Network
from models import networks, random_samples

SHARED_FOLDER = [HealthCheck.function_scoped_fixture]


def train_on(port, model, master, steps, lr, stress="none", seed=1):
    """Train on a port; give what it printed as a dict, and compare its files with the
    reference's."""
    samples = random_samples(model, min(steps, 50), seed)
    labels = np.random.default_rng(seed).integers(
        0, np.prod(model.layers[-1].output_shape), len(samples)
    )
    port.put("model.fqt", model.to_bytes())
    port.put("samples.bin", samples.tobytes())
    port.put("labels.bin", labels.astype(np.uint8).tobytes())
    port.put("job.txt", f"model.fqt {master} {steps} {lr} {stress}".encode())
    printed = dict(line.split() for line in port.run("train_run.py").splitlines())
    reference = Network(model, master)
    for i in range(steps):
        reference.train(samples[i % len(samples)], int(labels[i % len(samples)]), lr)
    assert port.get("trained.fqt") == reference.to_bytes()
    assert port.get("checkpoint.fqt") == reference.to_bytes(checkpoint=True)
    assert int(printed["memory"]) == core.Model(model, master).memory
    return printed


@settings(max_examples=40, deadline=None, suppress_health_check=SHARED_FOLDER)
@given(networks(), st.sampled_from([8, 16]), st.sampled_from([0.01, 0.5]))
def test_training_runs_give_the_reference_bytes(unix_port, model, master, lr):
    train_on(unix_port, model, master, 15, lr)


@pytest.mark.parametrize("master", [8, 16])
def test_a_thousand_steps_allocate_nothing(unix_port, small_model, master):
    printed = train_on(unix_port, small_model, master, 1001, 0.02)
    assert printed["heap"] == "0"
    assert printed["steps"] == "1001"


def test_the_collector_between_any_two_calls(unix_port, small_model):
    train_on(unix_port, small_model, 16, 100, 0.02, stress="gc")


def test_api(unix_port, small_model, frozen_model, other_model):
    unix_port.put("small.fqt", small_model.to_bytes())
    unix_port.put("floats.fqt", frozen_model.to_bytes())
    unix_port.put("other.fqt", other_model.to_bytes())
    assert unix_port.run("api.py").count("ok ") == 7


def test_power_fails_at_every_byte_of_a_save(unix_port, small_model):
    unix_port.put("small.fqt", small_model.to_bytes())
    assert f"ok {len(small_model.to_bytes())} cuts" in unix_port.run("power_cut.py")


def test_too_little_memory(unix_port, small_model, large_model):
    unix_port.put("small.fqt", small_model.to_bytes())
    unix_port.put("large.fqt", large_model.to_bytes())
    assert "ok" in unix_port.run("little_memory.py", "-X", "heapsize=48k")


def test_interrupts_in_the_middle_of_a_step(unix_port, large_model):
    unix_port.put("large.fqt", large_model.to_bytes())
    process = subprocess.Popen(
        unix_port.command("interrupt.py"),
        cwd=unix_port.folder,
        env=unix_port.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    moments = random.Random(1)
    printed = ""
    for line in process.stdout:
        printed += line
        if line == "training\n":
            time.sleep(moments.uniform(0.002, 0.03))
            process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0, printed
    assert printed.endswith("ok 25\n")
    core.Model(unix_port.get("after.fqt"), 16)
