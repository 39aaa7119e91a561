"""fqt as a part of MicroPython's unix port (natmod/usermod), and what CMake makes of its file."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from ports import UnixPort
from training import (
    check_api,
    check_arguments,
    check_messages,
    check_orders_and_rates,
    note_run,
    train_on,
)

NATMOD = Path(__file__).resolve().parents[2] / "natmod"


@pytest.fixture
def port(tmp_path):
    port = UnixPort(tmp_path)
    port.micropython = str(Path(os.environ["FQT_BUILD"]) / "usermod" / "unix" / "micropython")
    port.environment["MICROPYPATH"] = ".frozen"
    return port


@pytest.mark.slow
@pytest.mark.parametrize("master", [8, 12, 16])
def test_a_thousand_steps_give_the_reference_bytes(port, small_model, master):
    train_on(port, small_model, master, 1001, 0.02, stress="gc")
    note_run("in the firmware of the unix port", "x64", 1001)


@pytest.mark.slow
def test_api(port, small_model, frozen_model, other_model):
    check_api(port, small_model, frozen_model, other_model)


@pytest.mark.slow
def test_arguments(port, small_model, frozen_model):
    check_arguments(port, small_model, frozen_model)


@pytest.mark.slow
def test_error_texts(port):
    check_messages(port, in_firmware=True)


@pytest.mark.slow
def test_orders_and_rates_are_those_of_the_host(port):
    check_orders_and_rates(port)


@pytest.mark.slow
def test_it_comes_back_after_it_was_forgotten(port):
    """As after a soft reset: the types are made anew, by the next import."""
    again = "import sys, fqt\ndel sys.modules['fqt'], fqt\nimport fqt\ntry:\n    fqt.Model(b'abc')"
    assert "file has 3 bytes" in port.run_code(f"{again}\nexcept ValueError as e:\n    print(e)\n")


@pytest.mark.skipif(not shutil.which("cmake"), reason="there is no cmake")
def test_cmake_finds_its_source(tmp_path):
    """The ports that are built with CMake (rp2, esp32) make a library `usermod` and include the
    file of each module."""
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.12)\nproject(port C)\nadd_library(usermod INTERFACE)\n"
        f"include({NATMOD / 'micropython.cmake'})\n"
        "get_target_property(libraries usermod INTERFACE_LINK_LIBRARIES)\n"
        "get_target_property(sources usermod_fqt INTERFACE_SOURCES)\n"
        'message(NOTICE "${libraries} ${sources}")\n'
    )
    run = subprocess.run(["cmake", "."], cwd=tmp_path, capture_output=True, text=True, check=True)
    library, source = run.stderr.split()
    assert library == "usermod_fqt" and Path(source).is_file()
