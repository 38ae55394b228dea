"""What the database holds at the end against what the clients were told: the same, once each."""

import asyncio
import json
import time
from collections import Counter
from typing import Any

from tests.stock.crash.clients import Clients, Deed
from tests.stock.crash.house import House

_DRAINED_WITHIN_S = 60.0


async def faults_of(house: House, clients: Clients) -> list[str]:
    """Everything that was lost, doubled, done though refused, or does not add up."""
    connection = await house.server.owner(house.stock.tenant)
    try:
        await _drained(connection)
        return [
            *clients.wrong,
            *await _reservations(connection, clients.deeds),
            *await _documents(connection, clients.deeds),
            *await _outside(connection, clients.deeds),
            *await _events(connection),
            *(f"{view}: {rows[:2]}" for view, rows in (await house.stock.violations()).items()),
        ]
    finally:
        await connection.close()


async def _drained(connection: Any) -> None:
    until = time.monotonic() + _DRAINED_WITHIN_S
    while await connection.fetchval("select count(*) from platform.outbox_pending"):
        if time.monotonic() > until:
            raise AssertionError("the outbox is not drained")
        await asyncio.sleep(0.2)


def _compare(what: str, there: Counter[str], told: Counter[str]) -> list[str]:
    return [f"{what} {one}: acknowledged, not there" for one in told - there] + [
        f"{what} {one}: there, never acknowledged or once too often" for one in there - told
    ]


async def _reservations(connection: Any, deeds: list[Deed]) -> list[str]:
    """Each made once; in the state of the one verb that was acknowledged, or replaced."""
    rows = {
        str(row["reservation_id"]): row
        for row in await connection.fetch(
            "select v.reservation_id, v.state, v.strength, o.aggregate_id is not null as replaced"
            " from stock.reservation as v left join (select distinct x.aggregate_id"
            " from platform.outbox as x where x.body ? 'replaced_by') as o"
            " on o.aggregate_id = v.reservation_id"
        )
    }
    made = Counter(d.answer["id"] for d in deeds if d.kind == "reserve" and d.done)
    found = _compare("reservation", Counter(list(rows)), made)
    ended: dict[str, list[str]] = {}
    for deed in deeds:
        if deed.kind in ("release", "fulfil") and deed.done:
            ended.setdefault(deed.about, []).append(deed.kind)
    for one, row in rows.items():
        verbs = ended.get(one, [])
        wanted = (
            {"release": "released", "fulfil": "fulfilled"}[verbs[0]]
            if verbs
            else ("released" if row["replaced"] else "pending")
        )
        if len(verbs) > 1:
            found.append(f"reservation {one} was ended {len(verbs)} times")
        if row["state"] != wanted:
            found.append(f"reservation {one} is {row['state']}, told was {wanted}")
    strengths = ("soft", "hard", "allocated", "picked")
    for deed in deeds:
        row = rows.get(deed.about)
        if deed.kind == "change" and deed.done and row is not None:
            least = strengths.index(deed.document["strength"])
            if strengths.index(row["strength"]) < least:
                found.append(f"reservation {deed.about}: its new strength was lost")
    return found


async def _documents(connection: Any, deeds: list[Deed]) -> list[str]:
    """Each document once with its lines, each reversal once, sales as they were fulfilled."""
    rows = await connection.fetch(
        "select d.reference, s.code, m.quantity, m.reason, m.reverses from stock.document as d"
        " join stock.movement as m on m.document_id = d.document_id"
        " join catalog.sku as s on s.sku_id = m.sku_id"
    )
    there = Counter(
        f"{row['reference']} {row['reason']} {row['code']} {row['quantity']}"
        for row in rows if row["reason"] in ("receipt", "reclassify", "move")
        and row["reference"].startswith("doc-")
    )  # fmt: skip
    told = Counter(
        f"{d.document['reference']} {line['reason']} {line['sku']} {line['qty']}"
        for d in deeds if d.kind == "move" and d.done for line in d.document["lines"]
    )  # fmt: skip
    back = Counter(str(row["reverses"]) for row in rows if row["reverses"] is not None)
    told_back = Counter(d.about for d in deeds if d.kind == "reverse" and d.done)
    sold, told_sold = Counter[str](), Counter[str]()
    for row in rows:
        if row["reason"] == "sale":
            sold[f"{row['reference']} {row['code']}"] += row["quantity"]
    for deed in deeds:
        if deed.kind == "fulfil" and deed.done:
            for line in deed.answer["lines"]:
                told_sold[f"{deed.answer['reference']} {line['sku']}"] += line["qty"]
    counts = Counter({row["reference"] for row in rows if row["reference"].startswith("count ")})
    opened = Counter(f"count {d.answer['id']}" for d in deeds if d.kind == "count" and d.done)
    return [
        *_compare("movement", there, told),
        *_compare("reversal", back, told_back),
        *_compare("sale", sold, +told_sold),
        *(f"{one}: never opened" for one in counts - opened),
    ]


async def _outside(connection: Any, deeds: list[Deed]) -> list[str]:
    """Each event of the source heard once, and its effect the one that was told."""
    heard = Counter(
        str(row["source_sequence"])
        for row in await connection.fetch("select source_sequence from stock.feed_event")
    )
    told = Counter(d.about for d in deeds if d.kind == "event" and d.done)
    return _compare("event of the source", heard, told)


async def _events(connection: Any) -> list[str]:
    """Every event was given to the readers once."""
    row = await connection.fetchrow(
        "select (select count(*) from platform.outbox) as written,"
        " (select count(*) from platform.feed) as fed,"
        " (select count(distinct event_id) from platform.feed) as once"
    )
    if row["written"] == row["fed"] == row["once"]:
        return []
    return [f"events: {json.dumps(dict(row))}"]
