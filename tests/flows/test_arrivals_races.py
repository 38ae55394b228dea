"""Receiving under many hands, twice, and over a connection that is lost: one truth."""

import asyncio
import random
from functools import partial

import msgspec
import pytest

from entrepot.flows.announce_goods import announce_goods
from entrepot.kernel.refusals import Conflict, Unavailable
from entrepot.stock.arrivals.types import NewAsn, Received
from entrepot.tenancy.entrances import at, connect
from tests.flows import drafts
from tests.flows.trade import stamp
from tests.stock.arriving import (
    SOON,
    announced,
    closed,
    inbound,
    looked_at,
    moved_back,
    received,
)
from tests.stock.house import Stock

pytestmark = pytest.mark.usefixtures("whole")


async def test_the_same_request_again_changes_nothing(stock: Stock) -> None:
    sku = await stock.sku()
    asn = await announced(stock, (sku, 5))
    stamped = stamp()
    first, second = [
        await received(stock, asn, (sku, 2), stamped=msgspec.structs.replace(stamped))
        for _ in range(2)
    ]
    assert first == second
    assert (await looked_at(stock, asn)).received == 2
    again = stamp()
    new = msgspec.convert(
        {"reference": f"twice {sku}", "node": "N1", "expected_at": SOON,
         "lines": [{"code": sku, "qty": 1}]},
        NewAsn,
    )  # fmt: skip
    made = [await announce_goods(stock.db, stock.staff, again, new=new) for _ in range(2)]
    assert made[0].id == made[1].id
    with pytest.raises(Conflict) as refused:
        await announce_goods(stock.db, stock.staff, stamp(), new=new)
    assert refused.value.code == "reference_taken"
    assert await inbound(stock, sku) == 4


async def test_two_receivers_of_one_asn_share_what_is_left(stock: Stock) -> None:
    """Twelve hands with two units each at an ASN of ten: five get through, nothing is doubled."""
    sku = await stock.sku()
    asn = await announced(stock, (sku, 10))
    tries = [received(stock, asn, (sku, 2)) for _ in range(12)]
    found = await asyncio.gather(*tries, return_exceptions=True)
    refused = [x for x in found if isinstance(x, Conflict)]
    assert (len(refused), {x.code for x in refused}) == (7, {"over_expected"})
    assert ((await looked_at(stock, asn)).received, await inbound(stock, sku)) == (10, 0)


async def test_closing_against_receiving_leaves_one_truth(stock: Stock) -> None:
    for _ in range(4):
        sku = await stock.sku()
        asn = await announced(stock, (sku, 10))
        await received(stock, asn, (sku, 2))
        came, shut = await asyncio.gather(
            received(stock, asn, (sku, 8)), closed(stock, asn, "not_sent"), return_exceptions=True
        )
        seen = await looked_at(stock, asn)
        late = isinstance(came, Conflict)
        assert not isinstance(shut, BaseException)
        assert (seen.state, seen.received, seen.missing) == (
            ("received", 2, 8) if late else ("received", 10, 0)
        )
        assert await inbound(stock, sku) == 0


async def test_announcing_receiving_levels_and_reversal_at_once(stock: Stock) -> None:
    skus = sorted([await stock.sku(), await stock.sku()])
    asns = [await announced(stock, *[(sku, 50) for sku in skus]) for _ in range(2)]
    first = await received(stock, asns[0], (skus[0], 5))
    work = [
        *[received(stock, asns[n % 2], *[(s, 3) for s in order])
          for n, order in enumerate([skus, skus[::-1]] * 3)],
        announced(stock, (skus[1], 7), (skus[0], 7)),
        stock.levels(skus[0], inbound=3),
        moved_back(stock, first.lines[0].movements[0]),
        stock.reserve((skus[0], 1), (skus[1], 1)),
    ]  # fmt: skip
    found = await asyncio.gather(*work, return_exceptions=True)
    wrong = [x for x in found if isinstance(x, BaseException) and not isinstance(x, Conflict)]
    assert wrong == []
    assert await inbound(stock, skus[1]) == 100 - 18 + 7
    assert await inbound(stock, skus[0]) == 100 - 18 + 7 + 3


async def test_a_lost_connection_receives_once_or_not_at_all(stock: Stock) -> None:
    """The database ends our sessions at random moments; whoever sends again counts once."""
    sku, dice = await stock.sku(), random.Random(7)
    asn = await announced(stock, (sku, 100))
    killer = await connect(at(stock.server.superuser, stock.tenant.database_name))
    lost = 0
    try:
        for _ in range(12):
            stamped = stamp()
            sending = asyncio.create_task(received(stock, asn, (sku, 2), stamped=stamped))
            await asyncio.sleep(dice.uniform(0, 0.05))
            await killer.fetch(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid()"
            )
            (answer,) = await asyncio.gather(sending, return_exceptions=True)
            while not isinstance(answer, Received):
                assert isinstance(answer, Unavailable), answer
                lost += 1
                again = received(stock, asn, (sku, 2), stamped=stamped)
                (answer,) = await asyncio.gather(again, return_exceptions=True)
    finally:
        await killer.close()
    assert lost, "no session was lost: the test has shown nothing"
    seen = await drafts.until_there(partial(looked_at, stock, asn))
    assert (seen.received, seen.open) == (24, 76)
    assert (await stock.guard(sku)).inbound == 76
