"""An allocator's plan is followed only when it comes in time and breaks no rule."""

import json
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from entrepot.routing.allocators.asking import Allocation, allocate
from entrepot.routing.allocators.sending import post_to
from entrepot.routing.engine.decoding import decode_problem
from entrepot.routing.engine.format import Problem, plan_bytes
from entrepot.routing.engine.routing import route
from entrepot.routing.judging import broken_rules
from tests.routing.allocators.faulty import Reply, allocator, said
from tests.routing.checker import broken_rules as checked
from tests.routing.orders import random_problem

Document = dict[str, Any]


def document() -> Document:
    """Three orders that can all be filled, and more than one way to do it."""
    made = random_problem(41, nodes=5, lines=2, orders=3)
    for order in made["orders"]:
        order.update(max_shipments=None, ship_complete=False, cod=False, deliver_by=None)
        for line in order["lines"]:
            line.update(short=3000, tags=[])
    return made


def problem() -> Problem:
    return decode_problem(json.dumps(document()).encode())


def ask(reply: Reply, *, deadline_s: float = 2.0) -> Allocation:
    with allocator(reply) as url:
        return allocate(
            problem(), allocator="theirs", post=post_to(url, deadline_s=deadline_s, loopback=True)
        )


def answers(change: Callable[[Document], object] | None = None) -> Reply:
    """An allocator that decides as we do, then changes its plan."""

    def reply(connection: socket.socket, body: bytes) -> None:
        plan = json.loads(plan_bytes(route(decode_problem(body))))
        if change is not None:
            change(plan)
        connection.sendall(said(json.dumps(plan).encode()))

    return reply


def all_short(plan: Document) -> None:
    """A dear but unbroken plan: nothing ships."""
    for order, asked in zip(plan["orders"], document()["orders"], strict=True):
        order.update(shipments=[], short={line["sku"]: line["qty"] for line in asked["lines"]})


def test_a_good_plan_is_followed_and_priced_by_us() -> None:
    def lie(plan: Document) -> None:
        plan.update(cost=1, lower_bound=1, engine="theirs/9", status="bounded")
        for order in plan["orders"]:
            order.update(cost=1, lower_bound=10**9, status="bounded")
            for shipment in order["shipments"]:
                shipment.update(cost=7, eta=0)

    done = ask(answers(lie))
    assert done.outcome.followed
    assert done.outcome.reason is None
    assert checked(document(), json.loads(plan_bytes(done.plan))) == []
    assert done.plan.cost == route(problem()).cost == done.outcome.their_cost


def test_a_dearer_plan_is_followed_without_claiming_to_be_the_best() -> None:
    done = ask(answers(all_short))
    assert done.outcome.followed
    assert done.plan.status == "bounded"
    assert done.plan.cost > done.outcome.our_cost >= done.plan.lower_bound
    assert done.plan.cost == done.outcome.their_cost
    assert all(order.status == "bounded" for order in done.plan.orders)


def over_stock(plan: Document) -> None:
    for order in plan["orders"]:
        for shipment in order["shipments"]:
            shipment["units"] = dict.fromkeys(shipment["units"], 10**6)


@pytest.mark.parametrize(
    "change",
    [
        over_stock,
        lambda plan: plan["orders"].pop(),
        lambda plan: plan["orders"].reverse(),
        lambda plan: plan["orders"][0]["shipments"][0].update(node="nowhere"),
        lambda plan: plan["orders"][0]["shipments"][0].update(units={}),
        lambda plan: plan["orders"][0].update(shipments=[], short={}),
        lambda plan: plan["orders"][0]["short"].update(ghost=1),
    ],
)
def test_a_plan_that_breaks_a_rule_is_not_followed(change: Callable[[Document], object]) -> None:
    done = ask(answers(change))
    assert (done.outcome.followed, done.outcome.reason) == (False, "broken_plan")
    assert done.outcome.faults
    assert all(fault.path.startswith("orders") for fault in done.outcome.faults)
    assert done.plan == route(problem())


def test_two_orders_given_the_same_stock_are_not_followed() -> None:
    """Each order's plan is sound alone; together they take what is not there."""
    given = document()
    given["orders"] = [given["orders"][0], {**given["orders"][0], "id": "twin"}]
    for node in given["nodes"]:
        node["stock"] = {sku: [3, 0, 0] for sku in node["stock"]}
    for line in given["orders"][0]["lines"]:
        line["qty"] = 3
    asked = decode_problem(json.dumps(given).encode())

    def reply(connection: socket.socket, body: bytes) -> None:
        plan = json.loads(plan_bytes(route(decode_problem(body))))
        plan["orders"][1].update(
            shipments=plan["orders"][0]["shipments"], short=plan["orders"][0]["short"]
        )
        connection.sendall(said(json.dumps(plan).encode()))

    with allocator(reply) as url:
        done = allocate(asked, allocator="theirs", post=post_to(url, loopback=True))
    assert done.outcome.reason == "broken_plan"
    assert {fault.code for fault in done.outcome.faults} == {"overdrawn"}
    assert list(broken_rules(asked, done.plan)) == []


def test_giving_up_an_order_that_can_be_filled_is_not_followed() -> None:
    done = ask(
        answers(lambda plan: plan["orders"][1].update(status="infeasible", shipments=[], short={}))
    )
    assert (done.outcome.reason, [fault.path for fault in done.outcome.faults]) == (
        "found_nothing", ["orders[1]"],
    )  # fmt: skip


def plain(raw: bytes) -> Reply:
    return lambda connection, body: connection.sendall(raw)


def trickles(connection: socket.socket, body: bytes) -> None:
    connection.sendall(said(b"", Content_Length=1000))
    for _ in range(200):
        connection.sendall(b" ")
        time.sleep(0.02)


def never(connection: socket.socket, body: bytes) -> None:
    connection.settimeout(5)
    connection.recv(1)


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (plain(said(b"", "500 Internal Server Error")), "declined"),
        (plain(said(b"{}", "204 No Content")), "declined"),
        (plain(said(b"", "302 Found", Location="http://127.0.0.1:1/")), "redirected"),
        (plain(said(b"not json")), "unreadable"),
        (plain(said(b"{}")), "unreadable"),
        (plain(said(b'{"format":"routing-plan/2"}')), "unreadable"),
        (plain(said(b"[" * 100_000)), "unreadable"),
        (plain(said(b"", Content_Length=10**9)), "too_large"),
        (plain(b"garbage\r\n\r\n"), "broken_answer"),
        (plain(b""), "broken_answer"),
        (plain(said(b"{", Content_Length=100)), "broken_answer"),
        (never, "timed_out"),
        (trickles, "timed_out"),
    ],
)
def test_whatever_else_is_answered_our_engine_decides_in_time(reply: Reply, reason: str) -> None:
    began = time.monotonic()
    done = ask(reply, deadline_s=0.5)
    assert time.monotonic() - began < 3
    assert (done.outcome.followed, done.outcome.reason) == (False, reason)
    assert done.plan == route(problem())


def test_faults_of_an_unreadable_plan_have_paths() -> None:
    done = ask(answers(lambda plan: plan["orders"][0]["shipments"][0].update(units={"S": "two"})))
    assert done.outcome.reason == "unreadable"
    assert [fault.path for fault in done.outcome.faults] == ["orders[0].shipments[0].units.S"]


def test_nobody_there_is_a_reason_too() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    done = allocate(
        problem(), allocator="t", post=post_to(f"http://127.0.0.1:{port}/", loopback=True)
    )
    assert done.outcome.reason == "not_reached"


def test_an_allocator_on_this_machine_must_be_allowed() -> None:
    called = threading.Event()

    def reply(connection: socket.socket, body: bytes) -> None:
        called.set()

    with allocator(reply) as url:
        done = allocate(problem(), allocator="t", post=post_to(url))
    assert done.outcome.reason in ("private_address", "bad_url")
    assert not called.is_set()
