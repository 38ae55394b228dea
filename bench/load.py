"""A light HTTP load: prepared requests over a few kept connections, counted, bounded in time.

Run as a program of its own so that it shares nothing with what it measures:
`python -m bench.load PORT CONNECTIONS SECONDS FILE`; FILE holds length-prefixed requests.
Prints `{"answers": n, "seconds": s, "statuses": {...}}`.
"""

import json
import selectors
import socket
import struct
import sys
import time
from collections import Counter
from pathlib import Path


class Connection:
    """One kept connection that sends a request and waits for its answer."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = b""

    def whole_answer(self) -> int | None:
        """The status once headers and body are here."""
        head, separator, body = self.received.partition(b"\r\n\r\n")
        if not separator:
            return None
        at = head.lower().index(b"content-length:")
        length = int(head[at + 15 :].split(b"\r\n", 1)[0])
        if len(body) < length:
            return None
        self.received = b""
        return int(head[9:12])


def requests_in(path: Path) -> list[bytes]:
    """The prepared requests."""
    data, place, found = path.read_bytes(), 0, []
    while place < len(data):
        (length,) = struct.unpack_from(">I", data, place)
        found.append(data[place + 4 : place + 4 + length])
        place += 4 + length
    return found


def main(port: int, connections: int, seconds: float, path: Path) -> None:
    """Send until the time or the requests are over."""
    waiting = requests_in(path)
    waiting.reverse()
    selector = selectors.DefaultSelector()
    statuses: Counter[int] = Counter()
    open_now = [Connection(port) for _ in range(connections)]
    began = time.perf_counter()
    for connection in open_now:
        selector.register(connection.socket, selectors.EVENT_READ, connection)
        connection.socket.sendall(waiting.pop())
    until = began + seconds
    busy = connections
    while busy:
        for key, _ in selector.select(timeout=10):
            connection = key.data
            connection.received += connection.socket.recv(65536)
            status = connection.whole_answer()
            if status is None:
                continue
            statuses[status] += 1
            if waiting and time.perf_counter() < until:
                connection.socket.sendall(waiting.pop())
            else:
                selector.unregister(connection.socket)
                busy -= 1
    took = time.perf_counter() - began
    json.dump(
        {"answers": sum(statuses.values()), "seconds": took, "statuses": statuses}, sys.stdout
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), Path(sys.argv[4]))
