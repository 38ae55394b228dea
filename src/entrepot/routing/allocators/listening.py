"""A small HTTP server on loopback for allocator calls; signed calls come with the orders.

One request is decided at a time. Who talks slowly is cut off, bodies are bounded before they are
read, and only `POST /route` is known.
"""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, cast

from entrepot.kernel.refusals import NotFound, Refusal, TooLarge, UnsupportedMedia
from entrepot.routing.allocators.answering import Answered, answer, refused

MOST_BYTES: Final = 32 * 1024 * 1024
READ_S: Final = 10.0
_CHUNK: Final = 65_536


class LengthRequired(Refusal):
    """A body without its length is not read."""

    status = 411
    default_code = "length_required"


class RequestTimeout(Refusal):
    """The body did not come in time."""

    status = 408
    default_code = "request_timeout"


class AllocatorServer(ThreadingHTTPServer):
    """Answers on 127.0.0.1 only; port 0 takes a free one (`server_port` tells which)."""

    daemon_threads = True

    def __init__(self, port: int, *, budget: int, read_s: float = READ_S) -> None:
        super().__init__(("127.0.0.1", port), _Call)
        self.budget = budget
        self.read_s = read_s
        self.deciding = threading.Lock()


class _Call(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "entrepot"
    sys_version = ""

    @property
    def _mine(self) -> AllocatorServer:
        return cast(AllocatorServer, self.server)

    def setup(self) -> None:
        """Also give up on who connects and says nothing."""
        super().setup()
        self.connection.settimeout(self._mine.read_s)

    def do_POST(self) -> None:
        """Decide the problem in the body."""
        try:
            body = self._body()
            with self._mine.deciding:
                self._say(answer(body, budget=self._mine.budget))
        except Refusal as refusal:
            self.close_connection = True
            self._say(refused(refusal))

    def _body(self) -> bytes:
        if self.path != "/route":
            raise NotFound("only POST /route is answered here")
        if self.headers.get_content_type() != "application/json":
            raise UnsupportedMedia("the problem must be application/json")
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdecimal()):
            raise LengthRequired("the length of the body must be told")
        if int(length) > MOST_BYTES:
            raise TooLarge("the problem is too large", limit_bytes=MOST_BYTES)
        return self._read(int(length))

    def _read(self, size: int) -> bytes:
        """Exactly `size` bytes before the deadline, however they trickle."""
        deadline = time.monotonic() + self._mine.read_s
        parts = bytearray()
        try:
            while len(parts) < size:
                self.connection.settimeout(max(0.001, deadline - time.monotonic()))
                part = self.rfile.read1(min(_CHUNK, size - len(parts)))
                if not part:
                    raise RequestTimeout("the body ended early")
                parts += part
        except TimeoutError:
            raise RequestTimeout("the body did not come in time") from None
        return bytes(parts)

    def _say(self, answered: Answered) -> None:
        self.send_response(answered.status)
        self.send_header("Content-Type", answered.content_type)
        self.send_header("Content-Length", str(len(answered.body)))
        self.end_headers()
        self.wfile.write(answered.body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: paths and bodies are the caller's."""
