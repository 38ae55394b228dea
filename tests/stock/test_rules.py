"""The rules of stock agree with their copies in the database; the plans of hot paths are lean."""

import itertools
import json
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from entrepot.kernel.refusals import Conflict
from entrepot.stock import queries, reads, rules
from entrepot.tenancy.entrances import Connection
from tests.postgres_fixture import InstalledServer


@pytest.fixture(scope="module")
async def owner(server: InstalledServer) -> AsyncIterator[Connection]:
    connection = await server.owner(await server.tenant())
    yield connection
    await connection.close()


async def test_every_reason_is_one_that_the_ledger_takes(owner: Connection) -> None:
    checks = await owner.fetchval(
        "select string_agg(pg_get_constraintdef(oid), ' ') from pg_constraint"
        " where conrelid = 'stock.movement'::regclass and contype = 'c'"
    )
    listed = re.search(r"reason = ANY \(ARRAY\[(.*?)\]", checks)
    assert listed is not None
    assert set(re.findall(r"'(\w+)'", listed[1])) == set(rules.reasons())


async def test_every_kind_of_end_is_a_kind_of_place(owner: Connection) -> None:
    kinds = {row[0] for row in await owner.fetch("select distinct kind from stock.place")}
    named = {r.source for r in rules.reasons().values()}
    named |= {r.target for r in rules.reasons().values()}
    assert named - {"any", "bin"} == kinds


async def test_the_machine_is_the_table(owner: Connection) -> None:
    machine = rules.reservations()
    edges = {(edge.source, edge.target) for edge in machine.edges}
    for source, target in itertools.product(machine.states, repeat=2):
        may = await owner.fetchval("select stock.reservation_may_change_v1($1, $2)", source, target)
        assert may == (source == target or (source, target) in edges)


@pytest.mark.parametrize(
    ("state", "verb"),
    [
        (state, verb)
        for state in sorted(rules.reservations().states)
        for verb in rules.reservations().verbs
    ],
)
def test_every_edge_that_is_not_there_is_refused(state: str, verb: str) -> None:
    machine = rules.reservations()
    if state in machine.sources(verb):
        machine.follow(state, verb)
    else:
        with pytest.raises(Conflict):
            machine.follow(state, verb)


def nodes_of(plan: Any) -> list[dict[str, Any]]:
    """A plan's nodes, all of them."""
    return [plan, *(n for part in plan.get("Plans", []) for n in nodes_of(part))]


async def explained(owner: Connection, sql: str, *arguments: object) -> list[dict[str, Any]]:
    """The nodes of the plan that any arguments get."""
    await owner.execute("set plan_cache_mode to force_generic_plan")
    plan = json.loads(await owner.fetchval(f"explain (format json) {sql}", *arguments))
    return nodes_of(plan[0]["Plan"])


@pytest.fixture(scope="module")
async def filled(owner: Connection) -> Connection:
    """Rows enough for a planner to care: 20,000 SKUs in three nodes."""
    await owner.execute(
        """
        insert into nodes.node (node_id, code, kind, zone, names, receiving_address, steps_off,
            sequence, created_at)
        select gen_random_uuid(), 'N' || i, 'warehouse', 'UTC', '{}', '{}', '{}', 1, now()
        from generate_series(1, 3) i;
        insert into nodes.channel (channel_id, code, names, sequence, created_at)
        values (gen_random_uuid(), 'WEB', '{}', 1, now());
        insert into nodes.channel_node (channel_id, node_id, priority)
        select c.channel_id, n.node_id, row_number() over () from nodes.channel c, nodes.node n;
        insert into catalog.sku (sku_id, code, names, base_unit, sequence, created_at)
        select gen_random_uuid(), 'S' || i, '{}', 'piece', 1, now()
        from generate_series(1, 20000) i;
        insert into stock.sku_node (sku_id, node_id, on_hand)
        select s.sku_id, n.node_id, 5 from catalog.sku s, nodes.node n;
        insert into stock.channel_available (channel_id, sku_id, pooled)
        select c.channel_id, s.sku_id, 15 from catalog.sku s, nodes.channel c;
        insert into stock.balance (place_id, sku_id, lot, owner, status, on_hand, node_id, first_at)
        select n.node_id, s.sku_id, '', '', 'good', 5, n.node_id, now()
        from catalog.sku s, nodes.node n;
        """
    )
    await owner.execute("analyze")
    return owner


BIG = {"sku", "sku_node", "channel_available", "balance", "movement", "reservation_line"}


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("list_available", 2),
        ("list_nodes_available", 3),
        ("list_routing", 3),
        ("list_stock", 9),
    ],
)
async def test_reading_what_is_available_scans_no_big_table(
    filled: Connection, name: str, arguments: int
) -> None:
    """T2.163: an index finds each SKU, whatever the number of them."""
    statement = queries.SQL[name]
    assert len(statement.params) == arguments
    values: dict[str, object] = {
        "channel_id": await filled.fetchval("select channel_id from nodes.channel"),
        "skus": [f"S{n}" for n in range(1, 21)],
        "warehouses": None, "node": None, "most": 200, "sku_at": "S1", "place_at": "", "lot_at": "",
        "owner_at": "", "status_at": "",
    }  # fmt: skip
    nodes = await explained(filled, statement.sql, *(values[p] for p in statement.params))
    scanned = {n["Relation Name"] for n in nodes if n["Node Type"] == "Seq Scan"}
    assert not scanned & BIG
    assert any("Index" in n["Node Type"] for n in nodes)


async def test_reserving_and_posting_scan_no_big_table(filled: Connection) -> None:
    """The database counts its scans itself: whole reservations and a document read by index."""
    await filled.execute("select pg_stat_force_next_flush()")
    count = (
        "select coalesce(sum(seq_scan), 0)::bigint from pg_stat_user_tables"
        " where schemaname = 'stock' or relname in ('sku', 'idempotency', 'request_nonce')"
    )
    before = await filled.fetchval(count)
    await filled.execute(
        """
        select verdict from flows.reserve_stock_batch_v2(
            '2026-11-22 12:00+00', false, '{}', '{}', '{}', array['person:x'],
            array['n1'], array['k1'], array['\\x00'::bytea], array['r'],
            array['person:x'], array['00000000-0000-7000-8000-0000000000a1'::uuid],
            array['00000000-0000-7000-8000-0000000000a2'::uuid],
            array['00000000-0000-7000-8000-0000000000a3'::uuid],
            array['order'], array['WEB'], '{}', array[1, 1],
            array['S7', 'S8'], array[2, 1]::bigint[], array[null, 'N2'], null
        )
        """
    )
    await filled.execute("select pg_stat_force_next_flush()")
    assert await filled.fetchval(count) == before
    assert await filled.fetchval("select count(*) from stock.reservation_line") == 2


async def test_reservations_of_a_reference_are_found_by_their_indexes(filled: Connection) -> None:
    await filled.execute(
        """
        insert into stock.reservation (reservation_id, channel_id, reference, state, strength,
            sequence, created_at, closed_at, actor)
        select gen_random_uuid(), c.channel_id, 'R' || i, x.state, 'hard', 1, now(),
            case when x.state <> 'pending' then now() end, 'person:x'
        from nodes.channel as c, generate_series(1, 4000) as i
        cross join (values ('pending'), ('released')) as x (state);
        analyze stock.reservation;
        """
    )
    statement = reads.SQL["list_of_reference"]
    values: dict[str, object] = {"reference": "R7", "most": 50}
    nodes = await explained(filled, statement.sql, *(values.get(p) for p in statement.params))
    assert {"reservation_live", "reservation_ended"} <= {n.get("Index Name") for n in nodes}
    assert "reservation" not in {n["Relation Name"] for n in nodes if n["Node Type"] == "Seq Scan"}
