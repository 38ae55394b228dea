"""The catalogue of cartons and the rules of joining: changed one at a time, nothing lost."""

import asyncio

import msgspec
import pytest

from entrepot.consolidation.packing.types import CartonType
from entrepot.flows.change_carton import change_carton
from entrepot.flows.change_joining_rules import change_joining_rules
from entrepot.flows.get_consolidation_settings import get_consolidation_settings
from entrepot.flows.remove_carton import remove_carton
from entrepot.kernel.refusals import Conflict, Forbidden, Invalid, NotFound
from tests.flows.trade import Trade, open_trade, stamp
from tests.postgres_fixture import InstalledServer

BOX = CartonType("K40", (400, 300, 300), (410, 310, 310), tare_g=300, max_g=20_000, cost_minor=450)


@pytest.fixture
async def trade(server: InstalledServer) -> Trade:
    return await open_trade(server)


async def _codes(trade: Trade) -> list[str]:
    settings = await get_consolidation_settings(trade.db, trade.staff)
    return [carton.code for carton in settings.cartons]


async def test_people_who_add_cartons_at_once_all_keep_theirs(trade: Trade) -> None:
    before = await _codes(trade)
    added = [msgspec.structs.replace(BOX, code=f"N{n}") for n in range(8)]
    await asyncio.gather(
        *(change_carton(trade.db, trade.staff, stamp(), carton=one) for one in added)
    )
    assert sorted(await _codes(trade)) == sorted([*before, *(one.code for one in added)])


async def test_a_carton_is_changed_not_doubled_and_sent_twice_is_once(trade: Trade) -> None:
    before = await get_consolidation_settings(trade.db, trade.staff)
    once = stamp()
    for _ in range(2):
        await change_carton(trade.db, trade.staff, once, carton=BOX)
    wider = msgspec.structs.replace(BOX, outer_mm=(420, 320, 320))
    await change_carton(trade.db, trade.staff, stamp(), carton=wider)
    after = await get_consolidation_settings(trade.db, trade.staff)
    assert [one for one in after.cartons if one.code == "K40"] == [wider]
    assert len(after.cartons) == len(before.cartons) + 1
    assert after.rules == before.rules


async def test_every_fault_of_a_carton_is_told_and_nothing_changes(trade: Trade) -> None:
    before = await _codes(trade)
    wrong = msgspec.structs.replace(BOX, outer_mm=(399, 310, 310), tare_g=20_000)
    with pytest.raises(Invalid) as caught:
        await change_carton(trade.db, trade.staff, stamp(), carton=wrong)
    assert {error.path for error in caught.value.errors} == {"max_g", "inner_mm"}
    assert await _codes(trade) == before


async def test_the_last_carton_stays(trade: Trade) -> None:
    *others, last = await _codes(trade)
    for code in others:
        await remove_carton(trade.db, trade.staff, stamp(), code=code)
    with pytest.raises(NotFound):
        await remove_carton(trade.db, trade.staff, stamp(), code=others[0])
    with pytest.raises(Conflict) as caught:
        await remove_carton(trade.db, trade.staff, stamp(), code=last)
    assert caught.value.code == "last_carton"
    assert await _codes(trade) == [last]


async def test_of_two_who_remove_the_last_two_one_is_refused(trade: Trade) -> None:
    *others, one, two = await _codes(trade)
    for code in others:
        await remove_carton(trade.db, trade.staff, stamp(), code=code)
    done = await asyncio.gather(
        remove_carton(trade.db, trade.staff, stamp(), code=one),
        remove_carton(trade.db, trade.staff, stamp(), code=two),
        return_exceptions=True,
    )
    assert [type(answer) for answer in done].count(Conflict) == 1
    assert len(await _codes(trade)) == 1


async def test_rules_change_and_cartons_stay(trade: Trade) -> None:
    before = await get_consolidation_settings(trade.db, trade.staff)
    lax = msgspec.structs.replace(before.rules, declared=False)
    await change_joining_rules(trade.db, trade.staff, stamp(), rules=lax)
    after = await get_consolidation_settings(trade.db, trade.staff)
    assert (after.rules, after.cartons) == (lax, before.cartons)


async def test_who_works_in_one_warehouse_changes_no_carton_of_all(trade: Trade) -> None:
    part = msgspec.structs.replace(trade.staff, warehouses=frozenset({"SZX1"}))
    before = await _codes(trade)
    with pytest.raises(Forbidden):
        await change_carton(trade.db, part, stamp(), carton=BOX)
    with pytest.raises(Forbidden):
        await remove_carton(trade.db, part, stamp(), code=before[0])
    rules = (await get_consolidation_settings(trade.db, trade.staff)).rules
    with pytest.raises(Forbidden):
        await change_joining_rules(trade.db, part, stamp(), rules=rules)
    assert await _codes(trade) == before
