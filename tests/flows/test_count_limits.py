"""Which differences of a count pass by themselves, and whose eyes the others need."""

import asyncpg
import msgspec
import pytest

from entrepot.counts.types import (
    NewLimits,
)
from entrepot.flows.approve_count import approve_count
from entrepot.flows.change_count_limits import change_count_limits
from entrepot.flows.set_unit_values import set_unit_values
from entrepot.kernel.refusals import Forbidden
from entrepot.stock.adjustment_types import NewUnitValues, UnitValue
from tests.flows.counting import count, into, move, on_hand, opened, sku, somebody
from tests.flows.eyes import key_of, replaced
from tests.flows.trade import Trade, open_trade, stamp
from tests.postgres_fixture import InstalledServer


@pytest.fixture(scope="module")
async def trade(server: InstalledServer) -> Trade:
    return await open_trade(server)


@pytest.fixture(autouse=True)
async def no_violation(trade: Trade):  # type: ignore[no-untyped-def]
    yield
    assert await trade.violations() == {}


async def test_above_the_limit_none_of_the_counters_approves(trade: Trade) -> None:
    code = await sku(trade)
    await move(trade, into(code, 20))
    count_id = await opened(trade, code)
    one, two = somebody(trade), somebody(trade)
    for by in (one, two):
        await count(trade, count_id, by, {"sku": code, "counted": 14})
    for by in (one, two):
        with pytest.raises(Forbidden) as refused:
            await approve_count(trade.db, by, stamp(), count_id=count_id)
        assert refused.value.code == "other_eyes_needed"
    done = await approve_count(trade.db, somebody(trade), stamp(), count_id=count_id)
    assert (done.status, await on_hand(trade, code)) == ("approved", 14)


async def test_a_person_and_the_keys_they_made_are_one_pair_of_eyes(trade: Trade) -> None:
    code = await sku(trade)
    await move(trade, into(code, 20))
    count_id = await opened(trade, code)
    one, two = somebody(trade), somebody(trade)
    own = await key_of(trade.server, trade.db, two)
    for by in (one, own):
        await count(trade, count_id, by, {"sku": code, "counted": 14})
    sibling = await key_of(trade.server, trade.db, two)
    of_a_key = await key_of(trade.server, trade.db, sibling)
    taken_over = await replaced(trade.server, trade.db, own, somebody(trade))
    for by in (one, two, own, sibling, of_a_key, taken_over):
        with pytest.raises(Forbidden) as refused:
            await approve_count(trade.db, by, stamp(), count_id=count_id)
        assert refused.value.code == "other_eyes_needed"
    other = await key_of(trade.server, trade.db, somebody(trade))
    assert (await approve_count(trade.db, other, stamp(), count_id=count_id)).status == "approved"


async def test_limits_that_contradict_each_other_are_refused(trade: Trade) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"free_units": 6, "four_eyes_units": 5}, NewLimits)
    owner = await trade.server.owner(trade.tenant)
    try:
        with pytest.raises(asyncpg.CheckViolationError):
            await owner.execute(
                "insert into counts.limits (node_id, free_units, four_eyes_units, sequence)"
                " select n.node_id, 6, 5, 1 from nodes.node as n where n.code = 'YIW1'"
            )
    finally:
        await owner.close()


async def test_a_small_difference_of_great_value_needs_other_eyes(trade: Trade) -> None:
    code = await sku(trade)
    await move(trade, into(code, 9))
    limits = NewLimits(1, 5, four_eyes_minor=50_000)
    await change_count_limits(trade.db, trade.staff, stamp(), warehouse="SZX1", new=limits)
    values = NewUnitValues([UnitValue(code, 60_000)])
    await set_unit_values(trade.db, trade.staff, stamp(), new=values)
    count_id = await opened(trade, code)
    by = somebody(trade)
    for _ in range(2):
        done = await count(trade, count_id, by, {"sku": code, "counted": 8})
        assert done.status == "recount"
    await change_count_limits(trade.db, trade.staff, stamp(), warehouse="SZX1", new=NewLimits(0, 5))
    with pytest.raises(Forbidden):
        await approve_count(trade.db, by, stamp(), count_id=count_id)
    await approve_count(trade.db, somebody(trade), stamp(), count_id=count_id)
    assert await on_hand(trade, code) == 8


async def test_a_warehouse_lets_small_differences_pass(trade: Trade) -> None:
    code = await sku(trade)
    await move(trade, into(code, 9))
    await change_count_limits(trade.db, trade.staff, stamp(), warehouse="SZX1", new=NewLimits(1, 5))
    count_id = await opened(trade, code)
    done = await count(trade, count_id, somebody(trade), {"sku": code, "counted": 10})
    await change_count_limits(trade.db, trade.staff, stamp(), warehouse="SZX1", new=NewLimits(0, 5))
    assert (done.status, await on_hand(trade, code)) == ("approved", 10)
