"""A state machine over the signed API: whatever is done in whatever order, the books agree.

After every step the invariant views are empty, what the API calls available is what the ledger
holds less what is promised (T2.37), and a model of ten lines knows each quantity.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from tests.api.harness import ApiKeyInHand, api_app, key_for
from tests.postgres_fixture import InstalledServer
from tests.stock.house import Stock, open_stock

NODES = ("N1", "N2", "N3")


class World:
    """What the machine drives: HTTP calls on the test's own loop, from its thread."""

    def __init__(self, stock: Stock, key: ApiKeyInHand, loop: asyncio.AbstractEventLoop) -> None:
        self.stock = stock
        self.key = key
        self.loop = loop

    def wait(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(60)

    def ask(self, method: str, target: str, document: object = None) -> tuple[int, Any]:
        response = self.wait(self.key.ask(method, target, document))
        return response.status_code, response.json()


class Books(RuleBasedStateMachine):
    """The machine; `machine_of` gives it its world."""

    world: World
    made = Bundle("made")
    moved = Bundle("moved")

    def __init__(self) -> None:
        super().__init__()
        self.sku = self.world.wait(self.world.stock.sku())
        self.other = self.world.wait(self.world.stock.sku())
        self.kit = self.world.wait(self.world.stock.sku((self.sku, 2), (self.other, 1)))
        self.lying = {(s, n): 0 for s in (self.sku, self.other) for n in NODES}
        for sku in (self.sku, self.other):
            self.world.wait(self.world.stock.receive(sku, 12, "N2"))
            self.lying[sku, "N2"] = 12
        self.held: dict[str, dict[tuple[str, str], int]] = {}
        self.bound: dict[str, str] = {}

    def free(self, sku: str) -> int:
        promised = sum(
            qty for lines in self.held.values() for (s, _), qty in lines.items() if s == sku
        )
        return sum(qty for (s, _), qty in self.lying.items() if s == sku) - promised

    @rule(target=moved, node=st.sampled_from(NODES), qty=st.integers(1, 9), first=st.booleans())
    def receive(self, node: str, qty: int, first: bool) -> tuple[str, str, int, str]:
        sku = self.sku if first else self.other
        line = {"sku": sku, "qty": qty, "reason": "receipt", "to": {"node": node}}
        status, told = self.world.ask(
            "POST", "/stock/movements", {"reference": "in", "lines": [line]}
        )
        assert status == 201, told
        self.lying[sku, node] += qty
        return sku, node, qty, told["movements"][0]

    @rule(node=st.sampled_from(NODES), qty=st.integers(1, 6))
    def send_away(self, node: str, qty: int) -> None:
        line = {"sku": self.sku, "qty": qty, "reason": "partner_out", "from": {"node": node}}
        status, told = self.world.ask(
            "POST", "/stock/movements", {"reference": "out", "lines": [line]}
        )
        promised = sum(lines.get((self.sku, node), 0) for lines in self.held.values())
        if self.lying[self.sku, node] - promised >= qty:
            assert status == 201, told
            self.lying[self.sku, node] -= qty
        else:
            assert status == 409, told

    @rule(
        target=made,
        wants=st.lists(
            st.tuples(st.sampled_from(["sku", "other", "kit"]), st.integers(1, 5)),
            min_size=1, max_size=3,
        ),
        cart=st.sampled_from("abcdef"),
    )  # fmt: skip
    def reserve(self, wants: list[tuple[str, int]], cart: str) -> str:
        """The same reference again takes the place of the live one, whose goods are free for it."""
        lines = [{"sku": getattr(self, name), "qty": qty} for name, qty in wants]
        need = {self.sku: 0, self.other: 0}
        for name, qty in wants:
            if name == "kit":
                need[self.sku] += 2 * qty
                need[self.other] += qty
            else:
                need[getattr(self, name)] += qty
        before = self.bound.get(cart, "")
        replaced = self.held.pop(before, None)
        enough = all(self.free(sku) >= qty for sku, qty in need.items())
        status, told = self.world.ask(
            "POST", "/reservations",
            {"reference": f"{cart}-{self.sku}", "channel": "WEB", "lines": lines},
        )  # fmt: skip
        assert status == (201 if enough else 409), told
        if not enough:
            assert told["facts"]["shortages"]
            if replaced is not None:
                self.held[before] = replaced
            return ""
        self.bound[cart] = told["id"]
        self.held[told["id"]] = {(r["sku"], r["node"]): r["qty"] for r in told["lines"]}
        return str(told["id"])

    @rule(one=made)
    def release(self, one: str) -> None:
        self.end(one, "release")

    @rule(one=made)
    def fulfil(self, one: str) -> None:
        lines = self.end(one, "fulfil")
        for place, qty in lines.items():
            self.lying[place] -= qty

    def end(self, one: str, verb: str) -> dict[tuple[str, str], int]:
        if not one:
            return {}
        status, told = self.world.ask("POST", f"/reservations/{one}/{verb}")
        assert status == (200 if one in self.held else 409), told
        return self.held.pop(one, {})

    @rule(one=moved)
    def move_back(self, one: tuple[str, str, int, str]) -> None:
        sku, node, qty, movement = one
        promised = sum(lines.get((sku, node), 0) for lines in self.held.values())
        if self.lying[sku, node] - promised < qty:
            return  # would turn promises into backorders, which the model does not know
        status, told = self.world.ask("POST", f"/stock/movements/{movement}/reverse")
        assert status in (201, 409), told
        if status == 201:
            self.lying[sku, node] -= qty
        else:
            assert told["code"] == "already_reversed"

    @invariant()
    def what_is_shown_is_what_is_there(self) -> None:
        status, told = self.world.ask(
            "GET", f"/availability?channel=WEB&sku={self.sku}&sku={self.other}&sku={self.kit}"
        )
        assert status == 200, told
        a, b = self.free(self.sku), self.free(self.other)
        assert [row["available"] for row in told["items"]] == [a, b, min(a // 2, b)]

    def teardown(self) -> None:
        assert self.world.wait(self.world.stock.violations()) == {}


def machine_of(world: World) -> type[RuleBasedStateMachine]:
    """The machine, bound to its world."""
    return type("BoundBooks", (Books,), {"world": world})


async def test_the_books_agree_whatever_is_done(server: InstalledServer) -> None:
    stock = await open_stock(server)
    key = await key_for(server, api_app(server), stock.tenant.tenant)
    world = World(stock, key, asyncio.get_running_loop())
    rules = settings(
        max_examples=10, stateful_step_count=20, deadline=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    await asyncio.to_thread(run_state_machine_as_test, machine_of(world), settings=rules)


BAD = [-1, 0, 1.5, "NaN", 1e308, 10**10, True, None]


@pytest.mark.parametrize("qty", BAD, ids=str)
async def test_no_such_quantity(
    server: InstalledServer, bad_key: ApiKeyInHand, qty: object
) -> None:
    line = {"sku": "ANY", "qty": qty}
    wanted = {"reference": "r", "channel": "WEB", "lines": [line]}
    assert (await bad_key.ask("POST", "/reservations", wanted)).status_code == 422
    moves = [{**line, "reason": "receipt", "to": {"node": "N1"}}]
    posted = await bad_key.ask("POST", "/stock/movements", {"reference": "r", "lines": moves})
    assert posted.status_code == 422


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", "1"])
async def test_no_such_moment(bad_key: ApiKeyInHand, moment: str) -> None:
    line = {"sku": "ANY", "qty": 1}
    wanted = {"reference": "r", "channel": "WEB", "lines": [line], "expires_at": moment}
    assert (await bad_key.ask("POST", "/reservations", wanted)).status_code == 422


@pytest.fixture(scope="module")
async def bad_key(server: InstalledServer) -> ApiKeyInHand:
    stock = await open_stock(server)
    return await key_for(server, api_app(server), stock.tenant.tenant)
