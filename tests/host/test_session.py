"""A session where no board answers: a sentence that says what to do."""

import os
import pty
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import serial

from fqt.device.session import Session


@pytest.fixture
def silent_port():
    """A line whose other end says nothing."""
    here, there = pty.openpty()
    yield os.ttyname(there)
    os.close(here)
    os.close(there)


def test_no_such_port():
    with pytest.raises(OSError, match=r"^there is no /dev/no_such_port: .*--port"):
        Session("/dev/no_such_port")


def test_a_port_that_another_program_uses(silent_port):
    line = serial.Serial(silent_port, exclusive=True)
    with pytest.raises(OSError, match=r"in use by another program.*close what else uses the port"):
        Session(silent_port)
    line.close()


def test_what_other_threads_print_is_printed(silent_port, capsys):
    """While sessions begin and end in some, not one behind the other."""
    there, name = pty.openpty()
    second = os.ttyname(name)

    def ask(port, seconds):
        with pytest.raises(OSError, match="did not answer"):
            Session(port, seconds=seconds)

    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(ask, silent_port, 0.3), pool.submit(ask, second, 0.6)]
        time.sleep(0.1)
        print("meanwhile")
        for one in asked:
            one.result()
    print("behind")
    assert capsys.readouterr().out == "meanwhile\nbehind\n"
    os.close(there)
    os.close(name)


def test_a_board_that_says_nothing(silent_port, capsys):
    with pytest.raises(OSError, match=r"did not answer within 0\.3 s: it is busy or hangs"):
        Session(silent_port, seconds=0.3)
    assert capsys.readouterr().out == ""
    serial.Serial(silent_port, exclusive=True).close()  # the session left it
