"""`fqt repl`: the prompt of MicroPython on the desk, where `import fqt` works."""

import os
import pty
import select
import subprocess
import sys

import pytest

from fqt import cli

QUESTION = b"import fqt; print('its version', fqt.__version__, open('here').read())\r"
SECONDS = 20


def read_until(place: int, end: bytes) -> bytes:
    said = b""
    while end not in said:
        assert select.select([place], [], [], SECONDS)[0], said
        said += os.read(place, 4096)
    return said


@pytest.mark.slow
def test_the_prompt_imports_fqt_in_the_folder_that_is_named(tmp_path):
    (tmp_path / "here").write_text("and the folder")
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "fqt.cli", "repl", str(tmp_path)]
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    try:
        assert b"`import fqt` works" in read_until(ours, b">>> ")
        os.write(ours, QUESTION)
        assert b"its version 0" in read_until(ours, b"and the folder\r\n>>> ")
        os.write(ours, b"\x04")
        assert process.wait(SECONDS) == 0
    finally:
        process.kill()
        os.close(ours)


@pytest.mark.parametrize("folder, program", [("nowhere", None), (".", "none")])
def test_what_is_missing_is_told(folder, program, monkeypatch, capsys):
    if program:
        monkeypatch.setenv("FQT_MICROPYTHON", program)
    assert cli.main(["repl", folder]) == 1
    assert (
        f"there is no {'program none' if program else 'folder nowhere'}" in capsys.readouterr().err
    )
