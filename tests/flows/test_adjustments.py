"""Adjustments: causes, limits, a second pair of eyes, once; nothing before the decision."""

import asyncio

import msgspec
import pytest

from entrepot.access.permissions import PERMISSIONS
from entrepot.counts.types import NewLimits
from entrepot.flows.approve_adjustment import approve_adjustment
from entrepot.flows.ask_adjustment import ask_adjustment
from entrepot.flows.change_count_limits import change_count_limits
from entrepot.flows.erase_adjustment_notes import erase_adjustment_notes
from entrepot.flows.get_adjustment import get_adjustment
from entrepot.flows.list_adjustments import list_adjustments
from entrepot.flows.list_history import list_history
from entrepot.flows.reject_adjustment import reject_adjustment
from entrepot.flows.reverse_movement import reverse_movement
from entrepot.flows.set_unit_values import set_unit_values
from entrepot.flows.withdraw_adjustment import withdraw_adjustment
from entrepot.kernel.ids import new_id
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.kernel.refusals import Conflict, Forbidden, Invalid, NotFound, Refusal
from entrepot.platform import faults
from entrepot.platform.clock import system_clock
from entrepot.stock.adjustment_types import (
    AdjustmentSummary,
    Decision,
    NewAdjustment,
    NewUnitValues,
    UnitValue,
)
from entrepot.stock.history import Wanted
from tests.flows.eyes import key_of
from tests.flows.trade import stamp
from tests.stock.house import Stock

SAID = Decision()


pytestmark = pytest.mark.usefixtures("whole")


def somebody(stock: Stock, *without: str, warehouses: frozenset[str] | None = None) -> Staff:
    now = system_clock()
    return Staff(stock.tenant.tenant, new_id(now), PERMISSIONS - set(without), warehouses)


def wanted(sku: str, qty: int, **fields: object) -> NewAdjustment:
    line = {"sku": sku, "qty": qty, "reason": fields.pop("reason", "scrap")}
    line |= {name: fields.pop(name) for name in ("lot", "serial", "bin") if name in fields}
    new = {"node": "N1", "cause": "broken", "lines": [line], **fields}
    return msgspec.convert(new, NewAdjustment)


async def ask(
    stock: Stock, sku: str, qty: int, by: Staff | ApiKey | None = None, **fields: object
) -> AdjustmentSummary:
    who = by or somebody(stock)
    return await ask_adjustment(stock.db, who, stamp(), new=wanted(sku, qty, **fields))


async def on_hand(stock: Stock, sku: str) -> int:
    return (await stock.guard(sku)).on_hand


async def test_within_the_limit_one_pair_of_eyes_is_enough(stock: Stock) -> None:
    sku = await stock.stocked(20)
    by = somebody(stock)
    made = await ask(stock, sku, 5, by)
    assert (made.state, made.over, made.asked_by) == ("posted", None, by.actor)
    assert await on_hand(stock, sku) == 15
    (row, _) = await list_history(
        stock.db, stock.staff, sku=sku, wanted=Wanted(), before=None, most=9
    )
    assert (row.reason, row.reference, row.actor) == ("scrap", f"adjustment {made.id}", by.actor)
    with pytest.raises(Conflict) as refused:
        await approve_adjustment(
            stock.db, somebody(stock), stamp(), adjustment_id=made.id, said=SAID
        )
    assert refused.value.code == "wrong_state"


async def test_above_the_limit_nothing_moves_before_somebody_else_approves(stock: Stock) -> None:
    sku = await stock.stocked(20)
    by, other = somebody(stock), somebody(stock)
    made = await ask(stock, sku, 6, by)
    assert (made.state, made.over, await on_hand(stock, sku)) == ("requested", "units", 20)
    waiting = await list_adjustments(
        stock.db, stock.staff, node="N1", state="requested", before=None, most=9
    )
    assert made.id in {row.id for row in waiting}
    with pytest.raises(Forbidden) as refused:
        await approve_adjustment(stock.db, by, stamp(), adjustment_id=made.id, said=SAID)
    assert refused.value.code == "other_eyes_needed"
    key = stamp()
    for _ in range(2):
        done = await approve_adjustment(stock.db, other, key, adjustment_id=made.id, said=SAID)
    assert (done.state, done.decided_by) == ("approved", other.actor)
    assert await on_hand(stock, sku) == 14
    for verb in (approve_adjustment, reject_adjustment):
        with pytest.raises(Conflict):
            await verb(stock.db, somebody(stock), stamp(), adjustment_id=made.id, said=SAID)


async def test_a_person_and_their_own_keys_are_one_pair_of_eyes(stock: Stock) -> None:
    sku = await stock.stocked(20)
    by = somebody(stock)
    own = await key_of(stock.server, stock.db, by)
    second = await key_of(stock.server, stock.db, by)
    for asker in (by, own):
        made = await ask(stock, sku, 6, asker)
        for eyes in (by, own, second):
            for verb in (approve_adjustment, reject_adjustment):
                with pytest.raises(Forbidden) as refused:
                    await verb(stock.db, eyes, stamp(), adjustment_id=made.id, said=SAID)
                assert refused.value.code == "other_eyes_needed"
    other = await key_of(stock.server, stock.db, somebody(stock))
    await approve_adjustment(stock.db, other, stamp(), adjustment_id=made.id, said=SAID)
    assert await on_hand(stock, sku) == 14


async def test_a_large_adjustment_is_not_made_of_small_ones(stock: Stock) -> None:
    sku = await stock.stocked(30)
    by = somebody(stock)
    own = await key_of(stock.server, stock.db, by)
    assert (await ask(stock, sku, 3, by)).state == "posted"
    assert (await ask(stock, sku, 3, own)).over == "day"
    assert (await ask(stock, sku, 2, own)).state == "posted"
    assert (await ask(stock, sku, 1, by)).over == "day"
    assert (await ask(stock, sku, 3)).state == "posted", "somebody else has their own day"
    stock.at[0] = 25
    assert (await ask(stock, sku, 5, by)).state == "posted"
    stock.at[0] = 0
    twins = somebody(stock)
    made = await asyncio.gather(*(ask(stock, sku, 3, twins) for _ in range(3)))
    assert sorted(one.state for one in made) == ["posted", "requested", "requested"]


async def test_a_limit_of_value(stock: Stock) -> None:
    dear, cheap, unknown = [await stock.stocked(9, "N2") for _ in range(3)]
    limits = NewLimits(0, 5, four_eyes_minor=10_000)
    await change_count_limits(stock.db, stock.staff, stamp(), warehouse="N2", new=limits)
    values = NewUnitValues([UnitValue(dear, 10_001), UnitValue(cheap, 4_000)])
    for _ in range(2):
        assert (await set_unit_values(stock.db, stock.staff, stamp(), new=values)).rows == 2
    assert (await ask(stock, dear, 1, node="N2")).over == "value"
    assert (await ask(stock, unknown, 1, node="N2")).over == "value"
    by = somebody(stock)
    made = await ask(stock, cheap, 2, by, node="N2")
    assert (made.state, made.value_minor) == ("posted", 8_000)
    assert (await ask(stock, cheap, 1, by, node="N2")).over == "day"
    wrong = NewUnitValues([UnitValue("NO-SUCH", 1)])
    with pytest.raises(NotFound):
        await set_unit_values(stock.db, stock.staff, stamp(), new=wrong)


async def test_two_who_approve_at_once_post_once(stock: Stock) -> None:
    sku = await stock.stocked(20)
    made = await ask(stock, sku, 7)
    calls = [
        approve_adjustment(stock.db, somebody(stock), stamp(), adjustment_id=made.id, said=SAID)
        for _ in range(4)
    ]
    calls.append(
        reject_adjustment(stock.db, somebody(stock), stamp(), adjustment_id=made.id, said=SAID)
    )
    told = await asyncio.gather(*calls, return_exceptions=True)
    refused = [one for one in told if isinstance(one, Refusal)]
    assert {one.code for one in refused} == {"wrong_state"}
    assert len(refused) == 4
    state = (await get_adjustment(stock.db, stock.staff, adjustment_id=made.id)).state
    assert await on_hand(stock, sku) == (13 if state == "approved" else 20)


def break_at(stock: Stock, place: str) -> None:
    armed = {place: faults.Fault(raises=True)}
    faults.arm(stock.server.settings, armed, host="127.0.0.1", database_prefix="t_test_")


async def test_after_a_crash_the_same_key_finds_what_was_done(stock: Stock) -> None:
    sku = await stock.stocked(20)
    made, key, by = await ask(stock, sku, 7), stamp(), somebody(stock)
    break_at(stock, "approve_adjustment.after_commit")
    with pytest.raises(faults.InjectedFault):
        await approve_adjustment(stock.db, by, key, adjustment_id=made.id, said=SAID)
    faults._armed.clear()
    done = await approve_adjustment(stock.db, by, key, adjustment_id=made.id, said=SAID)
    assert (done.state, await on_hand(stock, sku)) == ("approved", 13)
    made = await ask(stock, sku, 7)
    break_at(stock, "approve_adjustment.before_commit")
    with pytest.raises(faults.InjectedFault):
        await approve_adjustment(stock.db, by, stamp(), adjustment_id=made.id, said=SAID)
    assert await on_hand(stock, sku) == 13


async def test_goods_that_moved_meanwhile_are_named(stock: Stock) -> None:
    sku = await stock.stocked(9)
    made = await ask(stock, sku, 8)
    await stock.move({"sku": sku, "qty": 3, "reason": "sale", "from": {"node": "N1"}})
    with pytest.raises(Conflict) as refused:
        await approve_adjustment(
            stock.db, somebody(stock), stamp(), adjustment_id=made.id, said=SAID
        )
    assert refused.value.code == "goods_moved"
    facts = refused.value.facts
    assert (facts["sku"], facts["node"], facts["asked"], facts["there"]) == (sku, "N1", 8, 6)
    assert await on_hand(stock, sku) == 6
    with pytest.raises(Conflict) as at_once:
        await ask(stock, sku, 7)
    assert at_once.value.code == "goods_moved"
    done = await reject_adjustment(
        stock.db, somebody(stock), stamp(), adjustment_id=made.id, said=SAID
    )
    assert (done.state, done.document_id) == ("rejected", None)


async def test_only_who_asked_withdraws(stock: Stock) -> None:
    sku = await stock.stocked(9)
    by = somebody(stock)
    made = await ask(stock, sku, 8, by)
    with pytest.raises(Forbidden) as refused:
        await withdraw_adjustment(
            stock.db, somebody(stock), stamp(), adjustment_id=made.id, said=SAID
        )
    assert refused.value.code == "not_yours"
    done = await withdraw_adjustment(stock.db, by, stamp(), adjustment_id=made.id, said=SAID)
    assert (done.state, await on_hand(stock, sku)) == ("withdrawn", 9)


async def test_promised_goods_that_are_scrapped_become_backorders(stock: Stock) -> None:
    sku = await stock.stocked(8)
    held = await stock.reserve((sku, 7))
    made = await ask(stock, sku, 6)
    assert (await stock.guard(sku)).reserved == 7
    await approve_adjustment(stock.db, somebody(stock), stamp(), adjustment_id=made.id, said=SAID)
    guard = await stock.guard(sku)
    assert (guard.reserved, guard.backordered) == (2, 5)
    await ask(stock, sku, 4, reason="found", cause="turned_up")
    assert (await stock.guard(sku)).backordered == 1
    await stock.release(held.id)


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"cause": "because"}, "cause"),
        ({"cause": "checked"}, "cause"),
        ({"cause": "stolen"}, "lines[0].reason"),
        ({"serial": "S-1"}, "lines[0].qty"),
    ],
)
async def test_an_adjustment_that_is_none(
    stock: Stock, fields: dict[str, object], path: str
) -> None:
    sku = await stock.stocked(9)
    with pytest.raises(Invalid) as refused:
        await ask(stock, sku, 2, **fields)
    assert [error.path for error in refused.value.errors] == [path]


async def test_what_people_wrote_is_erased_and_every_sum_stays(stock: Stock) -> None:
    sku, secret = await stock.stocked(20), "Frau Beispiel dropped it"
    made = await ask(stock, sku, 6, note=secret)
    said = Decision(note="seen by Herr Muster")
    await approve_adjustment(stock.db, somebody(stock), stamp(), adjustment_id=made.id, said=said)
    shown = await get_adjustment(stock.db, stock.staff, adjustment_id=made.id)
    assert (shown.note, shown.decision_note) == (secret, said.note)
    await erase_adjustment_notes(stock.db, stock.staff, stamp(), adjustment_id=made.id)
    bare = await get_adjustment(stock.db, stock.staff, adjustment_id=made.id)
    assert (bare.note, bare.decision_note, bare.units) == (None, None, 6)
    owner = await stock.server.owner(stock.tenant)
    try:
        for table in (
            "platform.idempotency", "platform.outbox", "platform.audit", "stock.movement",
            "stock.document", "stock.adjustment", "stock.adjustment_line", "stock.adjustment_note",
        ):  # fmt: skip
            for words in ("Beispiel", "Muster"):
                kept = await owner.fetchval(
                    f"select count(*) from {table} as t where t::text like '%{words}%'"
                )
                assert kept == 0, (table, words)
    finally:
        await owner.close()


async def test_every_step_is_in_the_audit(stock: Stock) -> None:
    sku = await stock.stocked(20)
    by, other = somebody(stock), somebody(stock)
    made = await ask(stock, sku, 6, by)
    await approve_adjustment(stock.db, other, stamp(), adjustment_id=made.id, said=SAID)
    owner = await stock.server.owner(stock.tenant)
    try:
        rows = await owner.fetch(
            "select verb, actor from platform.audit where subject_id = $1 order by at", made.id
        )
    finally:
        await owner.close()
    assert [(row["verb"], row["actor"]) for row in rows] == [
        ("ask_adjustment", by.actor), ("approve_adjustment", other.actor),
    ]  # fmt: skip


async def test_another_warehouse_and_another_permission(stock: Stock) -> None:
    sku = await stock.stocked(20)
    made = await ask(stock, sku, 6)
    stranger = somebody(stock, warehouses=frozenset({"N2"}))
    with pytest.raises(NotFound):
        await ask(stock, sku, 1, stranger)
    for verb in (approve_adjustment, reject_adjustment, withdraw_adjustment):
        with pytest.raises(NotFound):
            await verb(stock.db, stranger, stamp(), adjustment_id=made.id, said=SAID)
    with pytest.raises(NotFound):
        await get_adjustment(stock.db, stranger, adjustment_id=made.id)
    with pytest.raises(NotFound):
        await erase_adjustment_notes(stock.db, stranger, stamp(), adjustment_id=made.id)
    rows = await list_adjustments(stock.db, stranger, node=None, state=None, before=None, most=200)
    assert {row.node for row in rows} <= {"N2"}
    with pytest.raises(Forbidden):
        await ask(stock, sku, 1, somebody(stock, "stock:adjust"))
    with pytest.raises(Forbidden):
        await approve_adjustment(
            stock.db, somebody(stock, "stock:approve"), stamp(), adjustment_id=made.id, said=SAID
        )


async def test_what_was_approved_is_not_moved_back_by_the_same_eyes(stock: Stock) -> None:
    sku = await stock.stocked(20)
    by, other = somebody(stock), somebody(stock)
    made = await ask(stock, sku, 6, by)
    await approve_adjustment(stock.db, other, stamp(), adjustment_id=made.id, said=SAID)
    (row, _) = await list_history(
        stock.db, stock.staff, sku=sku, wanted=Wanted(), before=None, most=9
    )
    for eyes in (by, other, await key_of(stock.server, stock.db, by)):
        with pytest.raises(Forbidden) as refused:
            await reverse_movement(stock.db, eyes, stamp(), movement_id=row.id)
        assert refused.value.code == "other_eyes_needed"
    await reverse_movement(stock.db, somebody(stock), stamp(), movement_id=row.id)
    assert await on_hand(stock, sku) == 20


async def test_what_was_approved_is_not_moved_back_line_by_line(stock: Stock) -> None:
    """Each line within the limit, all of them above it: moving back adds up over a day."""
    sku = await stock.sku(lot_tracked=True)
    for lot in "ABC":
        await stock.receive(sku, 4, lot=lot)
    by, other = somebody(stock), somebody(stock)
    lines = [{"sku": sku, "qty": 4, "reason": "scrap", "lot": lot} for lot in "ABC"]
    new = msgspec.convert({"node": "N1", "cause": "broken", "lines": lines}, NewAdjustment)
    made = await ask_adjustment(stock.db, by, stamp(), new=new)
    await approve_adjustment(stock.db, other, stamp(), adjustment_id=made.id, said=SAID)
    rows = await list_history(
        stock.db, stock.staff, sku=sku, wanted=Wanted(reason="scrap"), before=None, most=9
    )
    own = await key_of(stock.server, stock.db, by)
    told = await asyncio.gather(
        *(reverse_movement(stock.db, eyes, stamp(), movement_id=row.id)
          for eyes, row in zip((by, own, by), rows, strict=True)),
        return_exceptions=True,
    )  # fmt: skip
    assert [t.code for t in told if isinstance(t, Forbidden)] == ["other_eyes_needed"] * 2
    assert await on_hand(stock, sku) == 4


async def test_what_has_become_a_kit_is_not_found_by_an_old_request(stock: Stock) -> None:
    part, was = await stock.sku(), await stock.stocked(1)
    made = await ask(stock, was, 9, reason="found", cause="turned_up")
    assert made.state == "requested"
    owner = await stock.server.owner(stock.tenant)
    await owner.execute(
        "insert into catalog.kit_part (kit_sku_id, component_sku_id, quantity)"
        " select k.sku_id, p.sku_id, 1 from catalog.sku as k, catalog.sku as p"
        " where k.code = $1 and p.code = $2", was, part,
    )  # fmt: skip
    await owner.close()
    with pytest.raises(Invalid) as refused:
        await approve_adjustment(
            stock.db, somebody(stock), stamp(), adjustment_id=made.id, said=SAID
        )
    assert [error.code for error in refused.value.errors] == ["is_kit"]
    done = await reject_adjustment(
        stock.db, somebody(stock), stamp(), adjustment_id=made.id, said=SAID
    )
    assert (done.state, await on_hand(stock, was)) == ("rejected", 1)
