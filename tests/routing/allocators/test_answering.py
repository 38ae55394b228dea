"""Others ask us: over HTTP on loopback, with the same bytes as the engine gives."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from entrepot.routing.allocators.answering import answer
from entrepot.routing.allocators.asking import allocate
from entrepot.routing.allocators.listening import MOST_BYTES, AllocatorServer
from entrepot.routing.allocators.sending import post_to
from entrepot.routing.engine.deciding import DEFAULT_BUDGET
from entrepot.routing.engine.decoding import decode_problem
from entrepot.routing.engine.routing import route
from tests.routing.allocators.faulty import allocator
from tests.routing.allocators.test_asking import never
from tests.routing.orders import random_problem
from tests.routing.solving import route_bytes

PROBLEM = random_problem(41, nodes=5, lines=2, orders=3)
BODY = json.dumps(PROBLEM).encode()
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with AllocatorServer(0, budget=DEFAULT_BUDGET, read_s=0.5) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join(5)


def post(
    port: int, body: bytes, path: str = "/route", headers: dict[str, str] = JSON
) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("POST", path, body, headers)
    response = connection.getresponse()
    return response.status, response.read()


def test_a_problem_is_answered_with_the_engines_bytes(port: int) -> None:
    assert post(port, BODY) == (200, route_bytes(PROBLEM))
    assert answer(BODY).body == route_bytes(PROBLEM)


def test_every_mistake_is_told_with_its_path(port: int) -> None:
    wrong = {**PROBLEM, "surprise": 1, "now": "soon"}
    status, body = post(port, json.dumps(wrong).encode())
    assert status == 422
    assert {error["path"] for error in json.loads(body)["errors"]} == {"surprise", "now"}


def test_what_is_not_a_problem_is_refused(port: int) -> None:
    assert post(port, b"")[0] == 400
    assert post(port, b"{")[0] == 400
    assert post(port, BODY, "/other")[0] == 404
    assert post(port, BODY, headers={"Content-Type": "text/plain"})[0] == 415


def raw(port: int, text: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(text)
        held = b""
        while part := connection.recv(65_536):
            held += part
            if b"\r\n\r\n" in held:
                break
        return held


def test_bodies_are_bounded_before_they_are_read(port: int) -> None:
    head = b"POST /route HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    too_large = head + b"Content-Length: %d\r\n\r\n" % (MOST_BYTES + 1)
    assert b" 413 " in raw(port, too_large).split(b"\r\n")[0]
    assert b" 411 " in raw(port, head + b"Transfer-Encoding: chunked\r\n\r\n").split(b"\r\n")[0]


def test_who_stops_talking_is_cut_off_and_others_are_served_meanwhile(port: int) -> None:
    head = b"POST /route HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=5) as slow:
        slow.sendall(head + b"Content-Length: 100\r\n\r\n{")
        assert post(port, BODY)[0] == 200
        assert b" 408 " in slow.recv(65_536)


def test_the_two_sides_understand_each_other(port: int) -> None:
    asked = decode_problem(BODY)
    done = allocate(
        asked, allocator="self", post=post_to(f"http://127.0.0.1:{port}/route", loopback=True)
    )
    assert done.outcome.followed
    assert done.plan.cost == done.outcome.our_cost


def test_external_mode_both_ways_with_a_time_out_and_a_fallback(port: int) -> None:
    """We ask a remote service (ours, as others ask it), then one that never answers."""
    asked = decode_problem(BODY)
    remote = allocate(
        asked, allocator="remote", post=post_to(f"http://127.0.0.1:{port}/route", loopback=True)
    )
    assert (remote.outcome.followed, remote.outcome.reason) == (True, None)
    assert [one.shipments for one in remote.plan.orders] == [
        one.shipments for one in route(asked).orders
    ]
    with allocator(never) as url:
        began = time.monotonic()
        silent = allocate(
            asked, allocator="silent", post=post_to(url, deadline_s=0.3, loopback=True)
        )
        assert time.monotonic() - began < 5
    assert (silent.outcome.followed, silent.outcome.reason) == (False, "timed_out")
    assert silent.plan == route(asked)
