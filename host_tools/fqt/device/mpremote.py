"""mpremote as a program of its own: one command on one board, with a time-out, and with advice on
what it says when something fails."""

from __future__ import annotations

import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

ANSWER_SECONDS = 40  # mpremote gives up on a silent board after 10; a slow boot.py may take longer
BUSY = (
    "it is busy or hangs: close what else uses its port (Thonny, a terminal), press its reset "
    "button or take its power away, and try again"
)
SIGNS_OF_A_LOST_LINE = ("SerialException", "Errno 5]", "Errno 6]", "disconnected")
# What to do about what mpremote says.
ADVICE = {
    "could not enter raw repl": BUSY,
    "in use by another program": "close what else uses the port (Thonny, a terminal)",
    "failed to access": "`mpremote connect list` shows the ports; name one with --port",
    "no device found": "`mpremote connect list` shows the ports; name one with --port",
    "OSError: 28": "the board's file system is full: remove what is not needed",
    "ENOSPC": "the board's file system is full: remove what is not needed",
    "EROFS": "the board's file system is read-only: mount it writable",
    "no module named 'fqt'": "`fqt install` puts the module onto the board",
    "MemoryError": "the board lacks RAM for the module: free some in boot.py and main.py",
}


def run(
    port: str | None, *arguments: str, seconds: float, folder: Path | None = None
) -> tuple[int, str]:
    """Run one command in `folder`; return its exit code and all that it printed. port: mpremote's
    name of the board; None: the first that it finds. Raises OSError when it does not end within
    `seconds`."""
    connect = ["connect", port] if port else []
    try:
        result = subprocess.run(
            [sys.executable, "-m", "mpremote", *connect, *arguments],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        raise OSError(
            f"the board did not answer within {seconds:g} s (mpremote {arguments[0]}): {BUSY}"
        ) from None
    return result.returncode, result.stdout


def follow(port: str | None, *arguments: str, seconds: float) -> Iterator[str]:
    """Run one command; give each line as it is printed. Raises OSError that says what to do when
    the command fails, or prints nothing for so many seconds."""
    connect = ["connect", port] if port else []
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "mpremote", *connect, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,  # Ctrl-C is for the host, which ends the run in its own way
    )
    assert process.stdout
    lines: queue.Queue[str | None] = queue.Queue()
    reader = threading.Thread(target=_read_lines, args=(process.stdout, lines), daemon=True)
    reader.start()
    last = ""
    try:
        while (line := lines.get(timeout=seconds)) is not None:
            last = line.strip() or last
            yield line
        if process.wait(timeout=ANSWER_SECONDS):
            raise OSError(f"mpremote {arguments[0]}: {_sentence(last)}")
    except queue.Empty:
        raise OSError(f"the board said nothing for {seconds:g} s: {BUSY}") from None
    finally:
        process.kill()
        process.wait()
        reader.join()
        process.stdout.close()


def _read_lines(stream: TextIO, lines: queue.Queue[str | None]) -> None:
    """Put each line where a reader can wait for it for some time, then None."""
    for line in stream:
        lines.put(line)
    lines.put(None)


def _sentence(said: str) -> str:
    """What mpremote said, in a line: of a traceback its end, and what helps."""
    lines = [line.strip() for line in said.splitlines() if line.strip()] or ["it said nothing"]
    text = lines[-1] if "Traceback" in said else " ".join(lines)
    if any(sign in said for sign in SIGNS_OF_A_LOST_LINE):
        return f"the connection to the board is lost ({text}): see its cable, and try again"
    return text + next((f"; {advice}" for sign, advice in ADVICE.items() if sign in said), "")
