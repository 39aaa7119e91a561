"""The native module under MicroPython's unix port: against the reference byte for byte, and the
device's API."""

import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ports import SCRIPTS
from training import (
    check_api,
    check_arguments,
    check_messages,
    check_orders_and_rates,
    note_run,
    train_on,
)

from fqt import core
from models import networks, options

SHARED_FOLDER = [HealthCheck.function_scoped_fixture]


@pytest.mark.slow
@settings(max_examples=60, suppress_health_check=SHARED_FOLDER)
@given(
    networks(),
    st.sampled_from([8, 12, 16]),
    st.sampled_from([0.01, 0.5]),
    st.sampled_from([1, 1, 2, 5]),
    options(),
    st.sampled_from(["none", "features"]),
)
def test_training_runs_give_the_reference_bytes(
    unix_port, model, master, lr, batch, options, stress
):
    train_on(unix_port, model, master, 15, lr, stress, batch=batch, options=options)


@pytest.mark.parametrize("master", [8, 12, 16])
def test_a_thousand_steps_allocate_nothing(unix_port, small_model, master):
    """train_on compares the heap before and after."""
    train_on(unix_port, small_model, master, 1001, 0.02)
    note_run("unix port", "x64", 1001)


def test_the_collector_between_any_two_calls(unix_port, small_model):
    train_on(unix_port, small_model, 16, 100, 0.02, stress="gc", batch=3)


def test_api(unix_port, small_model, frozen_model, other_model):
    check_api(unix_port, small_model, frozen_model, other_model)


def test_every_message_about_an_argument_has_a_case(unix_port, small_model, frozen_model):
    check_arguments(unix_port, small_model, frozen_model)


def test_error_texts(unix_port):
    unix_port.put("fqt.mpy", (Path(os.environ["FQT_MPY_PATH"]) / "fqt.mpy").read_bytes())
    check_messages(unix_port)


def test_orders_and_rates_are_those_of_the_host(unix_port):
    check_orders_and_rates(unix_port)


def test_power_fails_at_every_byte_of_a_save(unix_port, small_model):
    unix_port.put("small.fqt", small_model.to_bytes())
    saved_bytes = len(core.Model(small_model).to_bytes())
    assert f"ok {saved_bytes} cuts" in unix_port.run(SCRIPTS / "power_cut.py")


def test_too_little_memory(unix_port, small_model, wide_model):
    unix_port.put("small.fqt", small_model.to_bytes())
    unix_port.put("large.fqt", wide_model.to_bytes())
    assert "ok" in unix_port.run(SCRIPTS / "little_memory.py")


def test_interrupts_in_the_middle_of_a_step(unix_port, large_model):
    unix_port.put("large.fqt", large_model.to_bytes())
    process = subprocess.Popen(
        unix_port.command(SCRIPTS / "interrupt.py"),
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
