"""Rules that stand twice, in Python and in SQL, say the same."""

import random
from itertools import product
from pathlib import Path

import pytest

import entrepot
from entrepot.parcels.rules import (
    MACHINE,
    NUMBER_REUSED_AFTER,
    SECOND_SCAN_WITHIN,
    size_differs,
    weight_differs,
)
from entrepot.parties.persons import one_apart, same_phone_end
from tests.flows.trade import Trade, open_trade
from tests.postgres_fixture import InstalledServer

SQL = "".join(
    path.read_text(encoding="utf-8")
    for path in (Path(entrepot.__file__).parent / "parcels").glob("functions*.sql")
)


@pytest.fixture(scope="module")
async def trade(server: InstalledServer) -> Trade:
    return await open_trade(server)


async def test_the_database_has_every_edge_and_no_other(trade: Trade) -> None:
    allowed = {(edge.source, edge.target) for edge in MACHINE.edges}
    owner = await trade.server.owner(trade.tenant)
    try:
        pairs = list(product(sorted(MACHINE.states), repeat=2))
        rows = await owner.fetch(
            "select g.a, g.b, parcels.status_may_change_v1(g.a, g.b) as may"
            " from unnest($1::text[], $2::text[]) as g (a, b)",
            [a for a, _ in pairs],
            [b for _, b in pairs],
        )
        check = await owner.fetchval(
            "select pg_get_constraintdef(oid) from pg_constraint"
            " where conrelid = 'parcels.parcel'::regclass and conname = 'parcel_status_check'"
        )
    finally:
        await owner.close()
    assert {(row["a"], row["b"]) for row in rows if row["may"]} == allowed
    assert all(f"'{state}'" in check for state in MACHINE.states)
    assert check.count("'::text") == len(MACHINE.states)


async def test_measures(trade: Trade) -> None:
    dice = random.Random(7)
    owner = await trade.server.owner(trade.tenant)

    def side() -> int | None:
        return None if dice.random() < 0.1 else dice.choice([100, 110, 121, 130, 200, 220, 221])

    try:
        for _ in range(1500):
            weights = [
                dice.choice([None, 10, 40, 41, 1000, 1030, 1031, 10_300, 10_310]) for _ in "ab"
            ]
            sides = [[side() for _ in range(3)] for _ in "ab"]
            found = await owner.fetchval(
                "select parcels.measures_differ_v1($1::int, $2::int[], $3::int, $4::int[])",
                weights[0], sides[0], weights[1], sides[1],
            )  # fmt: skip
            assert found == (weight_differs(*weights) or size_differs(*sides)), (weights, sides)
    finally:
        await owner.close()


async def test_names_and_phones(trade: Trade) -> None:
    dice = random.Random(8)
    owner = await trade.server.owner(trade.tenant)
    try:
        for _ in range(800):
            a, b = ("".join(dice.choice("01王") for _ in range(dice.randrange(6))) for _ in "ab")
            assert await owner.fetchval("select parties.one_apart_v1($1, $2)", a, b) == one_apart(
                a, b
            )
            a, b = ("".join(dice.choice("01") for _ in range(dice.randrange(12))) for _ in "ab")
            found = await owner.fetchval("select parties.same_phone_end_v1($1, $2)", a, b)
            assert found == same_phone_end(a, b), (a, b)
    finally:
        await owner.close()


def test_times_of_the_scan_rules() -> None:
    assert f"interval '{SECOND_SCAN_WITHIN.total_seconds() / 3600:.0f} hours'" in SQL
    assert SQL.count(f"interval '{NUMBER_REUSED_AFTER.days} days'") == 2
