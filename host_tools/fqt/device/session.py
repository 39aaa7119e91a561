"""A session on a board: many calls over one line that stays open.

mpremote as a program of its own (mpremote.py) costs about a second a call; through its transport,
in this process, a call takes 10 ms. That interface is not a promise of mpremote's: only this file
uses it, and pyproject.toml holds the version.

    with Session(port) as board:
        print(board.run("import os; print(os.listdir('/'))"))
        board.put("/samples.fqd", data)
"""

from __future__ import annotations

import binascii
import contextlib
import hashlib
import struct
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

from mpremote import transport_serial
from mpremote.commands import CommandError, do_connect
from mpremote.main import State
from mpremote.transport import TransportError

from fqt.device.mpremote import ADVICE, ANSWER_SECONDS, BUSY

# What the transport prints before it raises is not for the user. Its own `print` is taken, since a
# redirected sys.stdout is that of all threads, which have sessions of their own.
vars(transport_serial)["print"] = lambda *_, **__: None

PIECE = 1024  # bytes of a file that go over the line at a time
BYTES_A_SECOND = 4096  # a board hashes at least so many
# What mpremote's transport raises where the other side is gone, or sends something else.
LOST = (OSError, struct.error)
# Runs after the pieces.
FINISH_SCRIPT = Path(__file__).parent / "finish_device.py"
READ = """
import binascii
with open({path!r}, 'rb') as file:
    while True:
        piece = file.read({piece})
        if not piece:
            break
        print(binascii.b2a_base64(piece).decode().strip())
"""


class Session:
    """The board on `port`, a name as mpremote takes it; None: the first that it finds. seconds:
    how long a board may say nothing. What the board ran before is ended, and its Python starts
    anew, without main.py. All methods raise OSError, one sentence that says what to do."""

    def __init__(self, port: str | None = None, seconds: float = ANSWER_SECONDS):
        self._seconds = seconds
        if port and port.startswith("/") and not Path(port).exists():
            raise OSError(f"there is no {port}: {ADVICE['no device found']}")
        state = State()
        try:
            do_connect(state, Namespace(device=[port or "auto"]))
        except CommandError as error:
            raise OSError(_with_advice(str(error))) from None
        self._transport = state.transport
        try:
            with self._told(seconds):
                self._transport.serial.timeout = seconds
                self._transport.serial.write_timeout = seconds
                self._transport.enter_raw_repl(timeout_overall=seconds)
        except OSError:
            self._transport.close()
            raise

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *error: object) -> None:
        with contextlib.suppress(*LOST):  # a board that is gone
            self._transport.serial.write(b"\x03")  # ends what still runs
            self._transport.exit_raw_repl()
        with contextlib.suppress(*LOST):
            self._transport.close()

    def run(self, code: str, seconds: float | None = None) -> str:
        """Run code in the session's globals; give what it printed, with \\n at the ends of
        lines. seconds: how long it may say nothing, else that of the session."""
        printed, error = self.execute(code, seconds)
        if error:
            raise OSError("the board says " + _with_advice(error.strip().splitlines()[-1]))
        return printed

    def execute(self, code: str, seconds: float | None = None) -> tuple[str, str]:
        """The same; gives what it printed, and the traceback of the error that ended it, or
        ""."""
        seconds = self._seconds if seconds is None else seconds
        with self._told(seconds):
            told = self._transport.exec_raw(code, timeout=seconds)
        printed, error = (part.decode(errors="replace").replace("\r\n", "\n") for part in told)
        return printed, error

    def put(self, path: str, data: bytes) -> None:
        """Write a file: it takes its name when its SHA-256 on the board is that of the data; one
        of that name keeps its bytes until then, and whatever fails, no part of the new stays."""
        digest = hashlib.sha256(data).hexdigest()
        try:
            self.run(f"import binascii\nfile = open({path + '.new'!r}, 'wb')")
            for start in range(0, len(data), PIECE):
                # Half as many characters as a literal of bytes, and the line is what is slow.
                piece = binascii.b2a_base64(data[start : start + PIECE], newline=False)
                self.run(f"_ = file.write(binascii.a2b_base64({piece!r}))")
            patience = self._seconds + len(data) / BYTES_A_SECOND
            finish = f"{FINISH_SCRIPT.read_text()}\nfqt_finish({path!r}, {digest!r})"
            self.run("file.close()\n" + finish, patience)
        except OSError as error:
            with contextlib.suppress(OSError):
                self.run(f"file.close()\nimport os\nos.remove({path + '.new'!r})")
            raise OSError(f"{path} was not written: {error}") from None

    def get(self, path: str) -> bytes:
        """The bytes of a file."""
        answer = self.run(READ.format(path=path, piece=PIECE))
        return b"".join(binascii.a2b_base64(line) for line in answer.splitlines())

    @contextlib.contextmanager
    def _told(self, seconds: float) -> Iterator[None]:
        """What the transport raises becomes a sentence."""
        try:
            yield
        except TransportError as error:
            raise OSError(f"the board did not answer within {seconds:g} s: {BUSY}") from error
        except LOST as error:
            raise OSError(
                f"the connection to the board is lost ({error}): see its cable, and try again"
            ) from None


def _with_advice(said: str) -> str:
    return said + next((f"; {advice}" for sign, advice in ADVICE.items() if sign in said), "")
