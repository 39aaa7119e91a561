"""A session where no board answers: a sentence that says what to do."""

import os
import pty

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


def test_a_board_that_says_nothing(silent_port, capsys):
    with pytest.raises(OSError, match=r"did not answer within 0\.3 s: it is busy or hangs"):
        Session(silent_port, seconds=0.3)
    assert capsys.readouterr().out == ""
    serial.Serial(silent_port, exclusive=True).close()  # the session left it
