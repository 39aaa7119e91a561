"""The page on a local server that also has a serial line: what serial_stub.js makes of it is a
board for the browser."""

from __future__ import annotations

import contextlib
import functools
import http.server
import os
import select
import threading
from collections.abc import Iterator
from pathlib import Path

from browser import Quiet

STUB = Path(__file__).with_name("serial_stub.js").read_text()
LOOK_SECONDS = 0.1  # how often a reader looks whether it is wanted


class Line:
    """A serial line, `path` a pseudo terminal; one that is pulled loses its reader, and what is
    written."""

    def __init__(self, path: str):
        self.file = os.open(path, os.O_RDWR | os.O_NOCTTY)
        self.is_pulled = False
        self.is_open = False

    def pull(self) -> None:
        self.is_pulled = True

    def mend(self) -> None:
        self.is_pulled = self.is_open = False


class _Handler(Quiet):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 4096  # an answer goes out as one packet

    def __init__(self, *given, line: Line | None, **named):
        self.line = line
        super().__init__(*given, **named)

    def do_GET(self) -> None:  # noqa: N802 (http.server's name)
        if self.path != "/line/read":
            super().do_GET()
            return
        if self.line.is_open or self.line.is_pulled:
            self._answer(503)
            return
        self.line.is_open = True
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.flush()
        while not self.line.is_pulled and self.line.is_open:
            if select.select([self.line.file], [], [], LOOK_SECONDS)[0]:
                data = os.read(self.line.file, 4096)
                self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))
                self.wfile.flush()
        self.close_connection = True  # without the last chunk: the browser's stream breaks off

    def do_POST(self) -> None:  # noqa: N802
        data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/line/close":
            self.line.is_open = False
        elif not self.line.is_pulled:
            os.write(self.line.file, data)
        self._answer(503 if self.line.is_pulled else 200)

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()


@contextlib.contextmanager
def served_with(folder: Path, line: Line | None) -> Iterator[str]:
    """A folder on a local server, with the line; gives its address."""
    handler = functools.partial(_Handler, directory=str(folder), line=line)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()
