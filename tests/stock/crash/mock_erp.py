"""`python -m tests.stock.crash.mock_erp FOLDER`: an ERP that keeps its own numbers, for T2.68.

It tells its changes as events with its own sequence, at least once, in no order, without
idempotency keys of meaning; it reads our sales from the ledger and counts each once. What it
knows lies in SQLite and is committed before it is told, so that it may be killed at any moment.
`orders.json` in FOLDER says where we are and as whom it asks; while `stop` is not there it goes
on changing its numbers, and ends when everything is told and heard after that.
"""

import json
import random
import sqlite3
import sys
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec

from entrepot.access.signing import sign
from entrepot.kernel.ids import new_token

_TABLES = """
create table if not exists held (sku text primary key, qty integer not null);
create table if not exists outbox (
    sequence integer primary key, sku text not null, delta integer not null, at text not null,
    sent integer not null default 0
);
create table if not exists inbox (movement text primary key);
"""


class Orders(msgspec.Struct):
    """Where Entrepot is, the key, and what this source is the source of."""

    base_url: str
    authority: str
    key_id: str
    secret: str
    feed: str
    node: str
    skus: list[str]
    seed: int


class Erp:
    """Its numbers, and its two ways to us."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.orders = msgspec.json.decode((folder / "orders.json").read_bytes(), type=Orders)
        self.store = sqlite3.connect(folder / "erp.sqlite", isolation_level=None)
        self.store.executescript(_TABLES)
        self.dice = random.Random(self.orders.seed + time.monotonic_ns())
        self.client = httpx.Client(timeout=10)

    def change(self, sku: str, delta: int) -> None:
        """A change of its own, and the word about it, in one transaction."""
        at = datetime.now(UTC).isoformat()
        with closing(self.store.cursor()) as cursor:
            cursor.execute("begin immediate")
            cursor.execute("insert into held values (?, 0) on conflict do nothing", (sku,))
            (held,) = cursor.execute("select qty from held where sku = ?", (sku,)).fetchone()
            if held + delta >= 0:
                cursor.execute("update held set qty = qty + ? where sku = ?", (delta, sku))
                cursor.execute(
                    "insert into outbox (sequence, sku, delta, at) select"
                    " coalesce(max(sequence), 0) + 1, ?, ?, ? from outbox", (sku, delta, at),
                )  # fmt: skip
            cursor.execute("commit")

    def tell(self) -> bool:
        """Send what is not known to have come, and some of what is; True: all has come."""
        waiting = self.store.execute(
            "select sequence, sku, delta, at from outbox where not sent limit 40"
        ).fetchall()
        if not waiting:
            return True
        again = self.store.execute(
            "select sequence, sku, delta, at from outbox where sent order by random() limit 3"
        ).fetchall()
        told = waiting + again
        self.dice.shuffle(told)
        names = ("sequence", "sku", "delta", "at")
        events = [dict(zip(names, one, strict=True)) for one in told]
        document = {"feed": self.orders.feed, "node": self.orders.node, "events": events}
        if self._ask("POST", "/api/v1/stock/events", document) is None:
            return False
        marks = [(one[0],) for one in waiting]
        self.store.executemany("update outbox set sent = 1 where sequence = ?", marks)
        return False

    def hear(self) -> bool:
        """Count every sale of ours that it has not counted; True when all pages were read."""
        for sku in self.orders.skus:
            before = ""
            while True:
                page = self._ask("GET", f"/api/v1/movements?sku={sku}{before}", None)
                if page is None:
                    return False
                for one in page["items"]:
                    if one["reason"] == "sale":
                        self._count(one["id"], sku, one["qty"])
                if not page["next"]:
                    break
                before = f"&before={page['next']}"
        return True

    def _count(self, movement: str, sku: str, qty: int) -> None:
        with closing(self.store.cursor()) as cursor:
            cursor.execute("begin immediate")
            cursor.execute("insert or ignore into inbox values (?)", (movement,))
            if cursor.rowcount:
                cursor.execute("update held set qty = qty - ? where sku = ?", (qty, sku))
            cursor.execute("commit")

    def _ask(self, method: str, target: str, document: Any) -> Any:
        """The answer, or None when nobody knows."""
        body = b"" if document is None else json.dumps(document).encode()
        headers = sign(
            method, self.orders.authority, target, body, key_id=self.orders.key_id,
            secret=self.orders.secret.encode(), now_s=int(time.time()), nonce=new_token(24),
            idempotency_key=None if method == "GET" else new_token(12),
        )  # fmt: skip
        try:
            response = self.client.request(
                method, f"{self.orders.base_url}{target}", content=body, headers=headers
            )
        except httpx.TransportError:
            return None
        if response.status_code in (429, 503):
            return None
        if response.status_code not in (200, 201):
            raise AssertionError(f"{target}: {response.status_code} {response.text}")
        return response.json()

    def live(self) -> None:
        """Until it is told to stop; then until everything is told and heard."""
        stop = self.folder / "stop"
        if not self.store.execute("select 1 from outbox limit 1").fetchall():
            for sku in self.orders.skus:
                self.change(sku, 20)
        while not stop.exists():
            delta = self.dice.choice((3, 2, 1, 1, -1, -2))
            self.change(self.dice.choice(self.orders.skus), delta)
            self.tell()
            self.hear()
            time.sleep(0.02)
        for _ in range(3):
            # what went below zero with us is tried again with the next word about its SKU
            for sku in self.orders.skus:
                self.change(sku, 10)
            while not self.tell():
                time.sleep(0.05)
        while not self.hear():
            time.sleep(0.05)


if __name__ == "__main__":
    Erp(Path(sys.argv[1])).live()
