"""Clients that want the same few goods over signed HTTP, and write down what they were told."""

import asyncio
import json
import random
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import msgspec

from entrepot.access.signing import sign
from entrepot.kernel.ids import new_token
from tests.api.harness import ApiKeyInHand
from tests.stock.crash.house import House

CLIENTS = 8
NODES = ("N1", "N2", "N3")
_REFUSALS = frozenset({403, 404, 409, 422})
_AGAIN = frozenset({429, 503})
_ANSWER_WITHIN_S = 120.0


class Deed(msgspec.Struct):
    """One request until its answer: 2xx was done, everything else must have left nothing."""

    kind: str
    key: str
    document: Any
    about: str
    status: int = 0
    answer: Any = None
    tries: int = 0

    @property
    def done(self) -> bool:
        """Whether it was acknowledged."""
        return 200 <= self.status < 300


class Clients:
    """Eight of them, and one ledger of all answers. `counts`: the share that are counts."""

    counts = 0.03

    def __init__(self, house: House, dice: random.Random, operations: int, told: Path) -> None:
        self.house = house
        self.dice = dice
        self.left = operations
        self.killing = False
        self.told = told
        self.deeds: list[Deed] = []
        self.unsure = 0
        self.wrong: list[str] = []
        self._live: list[str] = []
        self._moved: list[str] = []
        self._sequence = 0

    async def work(self) -> None:
        """All operations, and more while anything is killed, by everybody at once."""
        await asyncio.gather(*(self._client(n) for n in range(CLIENTS)))

    async def _client(self, n: int) -> None:
        key = self.house.keys[n % len(self.house.keys)]
        async with httpx.AsyncClient(timeout=10) as client:
            while self.left > 0 or self.killing:
                self.left -= 1
                if self.dice.random() < self.counts:
                    await self._count(client)
                    continue
                kind, method, target, document, about = self._chosen()
                # what another tells is for the key that sees every node
                by = self.house.keys[0] if kind == "event" else key
                await self._ask(client, by, kind, method, target, document, about)

    def _chosen(self) -> tuple[str, str, str, Any, str]:
        """Kind, method, target, document and what it is about."""
        dice = self.dice
        kind = dice.choices(
            ("reserve", "release", "fulfil", "change", "move", "reverse", "event"),
            (34, 12, 14, 6, 20, 6, 8),
        )[0]
        if kind == "reserve" or (not self._live and kind in ("release", "fulfil", "change")):
            return "reserve", "POST", "/reservations", self._reservation(), ""
        if kind in ("release", "fulfil"):
            about = dice.choice(self._live)
            return kind, "POST", f"/reservations/{about}/{kind}", None, about
        if kind == "change":
            about = dice.choice(self._live)
            wanted = {"strength": dice.choice(("hard", "allocated", "picked"))}
            return kind, "PUT", f"/reservations/{about}", wanted, about
        if kind == "reverse" and self._moved:
            about = dice.choice(self._moved)
            return kind, "POST", f"/stock/movements/{about}/reverse", None, about
        if kind == "event":
            self._sequence += 1
            event = {
                "sequence": self._sequence, "sku": dice.choice(self.house.skus),
                "delta": dice.choice((1, 2, -1)), "at": "2026-01-01T00:00:00Z",
            }  # fmt: skip
            told = {"feed": "crash", "node": "N1", "events": [event]}
            return kind, "POST", "/stock/events", told, str(self._sequence)
        return "move", "POST", "/stock/movements", self._document(), ""

    def _reservation(self) -> dict[str, Any]:
        dice = self.dice
        shared = f"cart-{dice.randrange(6)}"
        named = dice.choice((0.3, 1.0))  # whose lines all name their nodes goes a road of its own
        lines = []
        for _ in range(dice.choice((1, 1, 2))):
            sku = dice.choice([*self.house.skus[:2], *self.house.skus, self.house.kit])
            line = {"sku": sku, "qty": dice.choice((1, 1, 2, 3))}
            lines.append(line | ({"node": dice.choice(NODES)} if dice.random() < named else {}))
        return {
            "reference": shared if dice.random() < 0.3 else f"order-{new_token(9)}",
            "channel": dice.choice(("WEB", "WEB", "SHOP")),
            "lines": lines,
        }

    def _document(self) -> dict[str, Any]:
        dice = self.dice
        node = {"node": dice.choice(NODES)}
        line: dict[str, Any] = {"sku": dice.choice(self.house.skus), "qty": dice.choice((1, 2, 3))}
        reason = dice.choices(("receipt", "reclassify", "move"), (5, 3, 2))[0]
        if reason == "receipt":
            line |= {"to": node}
        elif reason == "reclassify":  # broken: who was promised it goes without
            line |= {"from": node, "to": node | {"status": "damaged"}, "qty": 1}
        else:
            line |= {"from": node, "to": node | {"bin": "A-1"}}
        return {"reference": f"doc-{new_token(9)}", "lines": [line | {"reason": reason}]}

    async def _count(self, client: httpx.AsyncClient) -> None:
        """A sheet from its opening to its approval, as far as others let it come."""
        where, sku = self.dice.choice(NODES), self.dice.choice(self.house.skus)
        by, other = self.house.keys[0], self.house.keys[1 if where != "N3" else 2]
        new = {"what": "stock", "warehouse": where, "bin": "A-1", "sku": sku}
        sheet = {"goods": [{"sku": sku, "counted": self.dice.randrange(4)}]}
        opened = await self._ask(client, by, "count", "POST", "/counts", new, "")
        if not opened.done:
            return
        about = opened.answer["id"]
        for verb, document, key in (
            ("begin", None, by), ("sheet", sheet, by), ("begin", None, by), ("sheet", sheet, by),
            ("approve", None, other),
        ):  # fmt: skip
            target = f"/counts/{about}/{verb}"
            await self._ask(client, key, f"count_{verb}", "POST", target, document, about)

    async def _ask(
        self, client: httpx.AsyncClient, by: ApiKeyInHand, kind: str, method: str, target: str,
        document: Any, about: str,
    ) -> Deed:  # fmt: skip
        """Send it with one idempotency key until an answer is certain."""
        deed = Deed(kind, new_token(12), document, about)
        body = b"" if document is None else json.dumps(document).encode()
        until = time.monotonic() + _ANSWER_WITHIN_S
        while time.monotonic() < until:
            deed.tries += 1
            headers = sign(
                method, self.house.authority, f"/api/v1{target}", body, key_id=by.key_id,
                secret=by.secret, now_s=int(time.time()), nonce=new_token(24),
                idempotency_key=deed.key,
            )  # fmt: skip
            url = f"{self.house.installation.base_url}/api/v1{target}"
            try:
                response = await client.request(method, url, content=body, headers=headers)
            except httpx.TransportError:
                self.unsure += 1
                await asyncio.sleep(self.dice.uniform(0.02, 0.2))
                continue
            if response.status_code not in _AGAIN:
                deed.status, deed.answer = response.status_code, response.json()
                self._keep(deed)
                return deed
            await asyncio.sleep(self.dice.uniform(0.02, 0.2))
        raise AssertionError(f"{kind} never got an answer")

    def _keep(self, deed: Deed) -> None:
        """Into the ledger; what is certain now is told to the observer."""
        self.deeds.append(deed)
        if not deed.done:
            if deed.status not in _REFUSALS:
                self.wrong.append(f"{deed.kind} was answered {deed.status}: {deed.answer}")
            return
        if deed.kind == "reserve":
            self._live = [*self._live[-40:], deed.answer["id"]]
        if deed.kind in ("release", "fulfil"):
            self._live = [one for one in self._live if one != deed.about]
        if deed.kind == "move":
            self._moved = [*self._moved[-40:], *deed.answer["movements"]]
        about = deed.answer.get("id") or deed.answer.get("document_id")
        with self.told.open("a") as told:
            told.write(json.dumps([deed.kind, about, deed.about]) + "\n")

    def counted(self) -> dict[str, int]:
        """How often each kind was done, and how often refused."""
        return dict(Counter(f"{d.kind} {'done' if d.done else 'refused'}" for d in self.deeds))
