"""A full run of the reconciliation over a ledger with 500 planted drifts, against the bare SQL
aggregate of the same ledger; then an incremental run after one movement in a hundred is new.

Goals of issue 5: every drift found, at most 1.3 × the aggregate's time; incremental at least 4 ×
faster than full (aim 6). A full run compares every copy, asks every invariant view, names causes
and keeps the sums; the aggregate only adds up what lies where. The first full run of a ledger
also writes all sums: each measured one begins without any.

The ledger and the drifts are frozen (inputs/reconcile_ledger.sql, reconcile_drifts.json).
ENTREPOT_BENCH_MOVEMENTS sets another number of movements than 5 M, at least 200,000.
"""

import asyncio
import hashlib
import json
import os
import time
from pathlib import Path
from typing import NamedTuple

from bench.lines import emit, median
from bench.stock_house import House, code, stock_house
from entrepot.access.flow import Stamp
from entrepot.flows.list_differences import list_differences
from entrepot.flows.reconcile import reconcile
from entrepot.kernel.ids import new_token
from entrepot.platform.sqlfile import load_sql
from entrepot.reconciliation.types import Mode, NewRun, Run
from entrepot.stock import operations
from entrepot.stock.types import End, NewMovement
from entrepot.tenancy.entrances import Connection, connect

MOVEMENTS = 5_000_000
ROUND = 50
"""Movements of each (SKU, node) pair."""
NODES = 5
ROUNDS = 7
MUST, FASTER_MUST, FASTER_AIM = 1.3, 4.0, 6.0
INPUTS = Path(__file__).parent / "inputs"
_AGGREGATE = """
select count(*), max(x.moved) from (
    select e.place_id, e.sku_id, e.lot, e.owner, e.status, sum(e.quantity) as moved
    from (
        select m.to_place as place_id, m.sku_id, m.lot, m.owner, m.to_status as status, m.quantity
        from stock.movement as m
        union all
        select m.from_place, m.sku_id, m.lot, m.owner, m.from_status, -m.quantity
        from stock.movement as m
    ) as e
    group by e.place_id, e.sku_id, e.lot, e.owner, e.status
) as x
"""
_PLANT = {
    "balance": "update stock.balance set on_hand = on_hand + $1 where sku_id = $2 and node_id = $3",
    "on_hand": "update stock.sku_node set on_hand = on_hand + $1"
    " where sku_id = $2 and node_id = $3",
    "blocked": "update stock.sku_node set blocked = blocked + $1"
    " where sku_id = $2 and node_id = $3",
    "reserved": "update stock.sku_node set reserved = reserved + $1"
    " where sku_id = $2 and node_id = $3",
    "channel": "update stock.channel_available set pooled = pooled + $1"
    " where sku_id = $2 and $3::uuid is not null",
}


class Drift(NamedTuple):
    """A drift as a run names it."""

    kind: str
    sku: str
    node: str | None
    amount: int


def run() -> None:
    """Measure on a fresh embedded server and print two lines."""
    asyncio.run(_run(int(os.environ.get("ENTREPOT_BENCH_MOVEMENTS", MOVEMENTS))))


async def _run(movements: int) -> None:
    pairs = movements // ROUND
    async with stock_house(skus=pairs // NODES, nodes=NODES, stocked=False) as house:
        owner = await connect(house.superuser)
        await _fill(owner, pairs)
        planted = await _plant(owner, pairs)
        times = await _rounds(house, owner)
        await _all_found(house, planted)
        news = [await _incremental(house, owner, movements // 100) for _ in range(ROUNDS)]
        await owner.close()
    full, bare = median([a for a, _ in times]), median([b for _, b in times])
    emit(
        "reconcile_full", unit="s", ours=full, peer=bare,
        ratio=median([a / b for a, b in times]), rounds=ROUNDS, must=MUST,
        note=f"{movements} movements, {len(planted)} planted drifts, all found; first run each"
        " time; peer: the bare aggregate of both ends",
    )  # fmt: skip
    emit(
        "reconcile_incremental", unit="s", ours=median(news), peer=full,
        ratio=full / median(news), rounds=ROUNDS, must=FASTER_MUST, aim=FASTER_AIM,
        note=f"{movements // 100} new movements since the last run; ratio: full by incremental",
    )  # fmt: skip


async def _fill(owner: Connection, pairs: int) -> None:
    """The frozen ledger, its indexes made after it."""
    known = dict(line.split()[::-1] for line in (INPUTS / "SHA256SUMS").read_text().splitlines())
    for name in ("reconcile_ledger.sql", "reconcile_drifts.json"):
        if hashlib.sha256((INPUTS / name).read_bytes()).hexdigest() != known[name]:
            raise SystemExit(f"bench/inputs/{name} is not what was frozen")
    await owner.execute(
        "create table bench.pair as select row_number() over (order by s.code, n.code) - 1 as p,"
        " s.sku_id, b.bin_id as place_id from catalog.sku s cross join nodes.node n"
        " join nodes.bin b on b.node_id = n.node_id and b.receiving;"
        "insert into stock.place (place_id, kind, code, node_id) select b.bin_id, 'bin', b.code,"
        " b.node_id from nodes.bin b where b.receiving;"
    )
    indexes = await owner.fetch(
        "select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as made"
        " from pg_index where indrelid = 'stock.movement'::regclass and not indisprimary"
    )
    for row in indexes:
        await owner.execute(f"drop index {row['name']}")
    ledger = load_sql(str(INPUTS / "x.py"), "reconcile_ledger.sql")
    for name, statement in ledger.items():
        sql = statement.sql
        given = [pairs] if name == "movements" else []
        await owner.execute(sql, *given, timeout=2400)
    for row in indexes:
        await owner.execute(row["made"], timeout=2400)
    held = await owner.fetchval("select max(feed_position) from platform.feed")
    await owner.execute(
        "insert into platform.counter (name, value) values ('feed', $1)"
        " on conflict (name) do update set value = excluded.value", held,
    )  # fmt: skip
    await owner.execute("vacuum analyze", timeout=2400)


async def _plant(owner: Connection, pairs: int) -> list[Drift]:
    """Falsify the books; what a run has to find."""
    planted = []
    for drift in json.loads((INPUTS / "reconcile_drifts.json").read_text()):
        pair = round(drift["at"] * pairs)
        sku, node = code(pair // NODES + 1), f"N{pair % NODES + 1:02}"
        ids = await owner.fetchrow(
            "select s.sku_id, n.node_id from catalog.sku s, nodes.node n"
            " where s.code = $1 and n.code = $2", sku, node,
        )  # fmt: skip
        assert ids is not None
        kind, amount = drift["kind"], drift["amount"]
        done = await owner.execute(_PLANT[kind], amount, ids[0], ids[1])
        assert done == "UPDATE 1", f"{kind} of {sku} at {node}: {done}"
        planted.append(Drift(kind, sku, None if kind == "channel" else node, amount))
    return planted


async def _once(house: House, mode: Mode) -> tuple[float, Run]:
    stamp = Stamp(request_id="bench", nonce=new_token(24), key=new_token(16), fingerprint=b"x")
    began = time.perf_counter()
    made = await reconcile(house.database, house.staff, stamp, new=NewRun(mode))
    took = time.perf_counter() - began
    assert made.mode == mode, f"a run was {made.mode}, not {mode}"
    return took, made


async def _rounds(house: House, owner: Connection) -> list[tuple[float, float]]:
    """Seconds of a full run and of the aggregate, in turn."""
    times = []
    for turn in range(ROUNDS):
        await owner.execute(
            "truncate reconciliation.sum, reconciliation.difference, reconciliation.run"
        )
        if turn % 2:
            bare = await _aggregate(house)
            ours, _ = await _once(house, "full")
        else:
            ours, _ = await _once(house, "full")
            bare = await _aggregate(house)
        times.append((ours, bare))
    return times


async def _aggregate(house: House) -> float:
    """Seconds of the bare aggregate, with the memory that a run has."""
    owner = await connect(house.superuser)
    await owner.execute("set work_mem = '96MB'")
    began = time.perf_counter()
    await owner.fetch(_AGGREGATE)
    took = time.perf_counter() - began
    await owner.close()
    return took


async def _all_found(house: House, planted: list[Drift]) -> None:
    """Raises SystemExit naming a planted drift that no run found."""
    found = set()
    before = None
    while rows := await list_differences(
        house.database, house.staff, state="open", before=before, most=1000
    ):
        found |= {Drift(row.kind, row.sku, row.node, row.amount) for row in rows}
        before = rows[-1].id
    missing = [drift for drift in planted if drift not in found]
    if missing:
        raise SystemExit(f"{len(missing)} of {len(planted)} drifts not found, like {missing[0]}")


async def _incremental(house: House, owner: Connection, new: int) -> float:
    """Seconds of an incremental run after so many new movements."""
    skus = await owner.fetchval("select count(*) from catalog.sku")
    for start in range(0, new, 5000):
        lines = [
            NewMovement(code((start + n) % skus + 1), 1, "receipt", to=End(f"N{n % NODES + 1:02}"))
            for n in range(min(5000, new - start))
        ]
        async with house.database.begin(house.staff) as tx:
            await operations.post(tx, reference="bench", movements=lines)
    took, made = await _once(house, "incremental")
    assert made.documents, "nothing was new"
    return took
