"""A steady load: prepared requests sent when they are due, whether or not earlier ones are back.

Run as a program of its own so that it shares nothing with what it measures:
`python -m bench.steady PORT CONNECTIONS FILE`; FILE holds, for each request, its kind (one byte),
when it is due (milliseconds) and its length (4 bytes each), and the request.
Prints `{"kind": {"statuses": {...}, "ms": [...]}}`; times run from when a request was due.
"""

import asyncio
import json
import struct
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

HEAD = struct.Struct(">cII")
Answers = dict[str, tuple[Counter[int], list[float]]]


def requests_in(path: Path) -> Iterator[tuple[str, float, bytes]]:
    """The prepared requests: kind, due seconds from the start, bytes."""
    data, place = path.read_bytes(), 0
    while place < len(data):
        kind, due_ms, length = HEAD.unpack_from(data, place)
        place += HEAD.size
        yield kind.decode(), due_ms / 1000, data[place : place + length]
        place += length


async def answer_of(reader: asyncio.StreamReader) -> int:
    """The status once headers and body are here."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
    await reader.readexactly(length)
    return int(head[9:12])


async def main(port: int, connections: int, path: Path) -> None:
    """Send all of them, each on the first free connection."""
    waiting = requests_in(path)
    found: Answers = {}
    began = time.perf_counter() + 0.5

    async def worker() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for kind, due, request in waiting:
            await asyncio.sleep(max(0.0, began + due - time.perf_counter()))
            writer.write(request)
            status = await answer_of(reader)
            statuses, times = found.setdefault(kind, (Counter(), []))
            statuses[status] += 1
            times.append((time.perf_counter() - began - due) * 1000)
        writer.close()

    await asyncio.gather(*(worker() for _ in range(connections)))
    told = {kind: {"statuses": s, "ms": times} for kind, (s, times) in found.items()}
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])))
