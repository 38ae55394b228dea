"""What is lost on the way obeys the limits of adjustments: closing short, and the common place."""

import asyncio
from uuid import UUID

import msgspec
import pytest

from entrepot.access.flow import Stamp
from entrepot.access.permissions import PERMISSIONS
from entrepot.counts.types import NewLimits
from entrepot.flows.approve_adjustment import approve_adjustment
from entrepot.flows.ask_adjustment import ask_adjustment
from entrepot.flows.change_count_limits import change_count_limits
from entrepot.flows.close_transfer import close_transfer
from entrepot.flows.get_adjustment import get_adjustment
from entrepot.flows.get_transfer import get_transfer
from entrepot.flows.receive_transfer import receive_transfer
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
    Adjustment,
    AdjustmentSummary,
    Decision,
    NewAdjustment,
    NewUnitValues,
    UnitValue,
)
from entrepot.stock.transfers.types import Arrived, ClosedShort, Transfer
from tests.flows.eyes import key_of
from tests.flows.trade import stamp
from tests.stock.house import Stock
from tests.stock.transferring import code_of, drafted, places_of, received, sent

SAID = Decision()
pytestmark = pytest.mark.usefixtures("whole")


def somebody(stock: Stock, *warehouses: str) -> Staff:
    scope = frozenset(warehouses) if warehouses else None
    return Staff(stock.tenant.tenant, new_id(system_clock()), PERMISSIONS, scope)


async def under_way(stock: Stock, qty: int, **fields: object) -> tuple[Transfer, str]:
    """A transfer from N1 to N2 that has left, and its SKU."""
    sku = await stock.stocked(qty, **fields)
    made = await drafted(stock, (sku, qty))
    return await sent(stock, made.id), sku


async def close(
    stock: Stock, transfer: Transfer, by: Staff | ApiKey | None = None, key: Stamp | None = None
) -> Transfer:
    who = by or somebody(stock)
    return await close_transfer(
        stock.db, who, key or stamp(), transfer_id=transfer.id, short=ClosedShort("stolen")
    )


async def asked(stock: Stock, transfer: Transfer, by: Staff | ApiKey | None = None) -> UUID:
    """The request that waits for somebody."""
    waiting = (await close(stock, transfer, by)).short_asked
    assert waiting is not None
    return waiting


async def approve(
    stock: Stock, adjustment_id: UUID, by: Staff | ApiKey | None = None, key: Stamp | None = None
) -> AdjustmentSummary:
    return await approve_adjustment(
        stock.db, by or somebody(stock), key or stamp(), adjustment_id=adjustment_id, said=SAID
    )


async def shown(stock: Stock, adjustment_id: UUID) -> Adjustment:
    return await get_adjustment(stock.db, stock.staff, adjustment_id=adjustment_id)


async def again(stock: Stock, transfer: Transfer) -> Transfer:
    return await get_transfer(stock.db, stock.staff, transfer_id=transfer.id)


async def test_within_the_limit_it_is_closed_at_once_and_counts_in_the_day(stock: Stock) -> None:
    by = somebody(stock)
    first, sku = await under_way(stock, 3)
    done = await close(stock, first, by)
    assert (done.state, done.short_reason, done.short_asked) == ("short", "stolen", None)
    assert await places_of(stock, sku) == {}
    second, other = await under_way(stock, 3)
    waits = await close(stock, second, await key_of(stock.server, stock.db, by))
    assert (waits.state, waits.short_asked is None) == ("sent", False)
    assert waits.short_asked is not None
    found = await shown(stock, waits.short_asked)
    assert (found.over, found.node, found.cause) == ("day", "N2", "lost_on_the_way")
    assert (found.transfer_id, found.short_reason) == (second.id, "stolen")
    assert [(line.sku, line.bin, line.qty) for line in found.lines] == [(other, second.code, 3)]
    assert await places_of(stock, other) == {f"{second.code} good": 3}


async def test_above_it_nothing_moves_before_somebody_else_approves(stock: Stock) -> None:
    by, other, transfer_sku = somebody(stock), somebody(stock), await under_way(stock, 9)
    transfer, sku = transfer_sku
    waiting = await asked(stock, transfer, by)
    assert await places_of(stock, sku) == {f"{transfer.code} good": 9}
    assert (await stock.guard(sku, "N2")).inbound == 9
    assert await code_of(close(stock, transfer, other)) == "short_asked"
    own = await key_of(stock.server, stock.db, by)
    for eyes in (by, own):
        assert await code_of(approve(stock, waiting, eyes)) == "other_eyes_needed"
    key = stamp()
    for _ in range(2):
        done = await approve(stock, waiting, other, key)
    assert (done.state, done.decided_by) == ("approved", other.actor)
    now = await again(stock, transfer)
    assert (now.state, now.short_reason, now.short_asked) == ("short", "stolen", None)
    assert await places_of(stock, sku) == {}
    assert (await stock.guard(sku, "N2")).inbound == 0
    assert await code_of(approve(stock, waiting)) == "wrong_state"


async def test_many_at_the_same_time_ask_once_and_approve_once(stock: Stock) -> None:
    transfer, sku = await under_way(stock, 9)
    told = await asyncio.gather(*(close(stock, transfer) for _ in range(4)), return_exceptions=True)
    refused = [one for one in told if isinstance(one, Refusal)]
    assert [one.code for one in refused] == ["short_asked"] * 3
    waiting = (await again(stock, transfer)).short_asked
    assert waiting is not None
    calls = [approve(stock, waiting) for _ in range(3)]
    decided = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(isinstance(one, AdjustmentSummary) for one in decided) == 1
    assert {one.code for one in decided if isinstance(one, Refusal)} == {"wrong_state"}
    assert await places_of(stock, sku) == {}


async def test_received_and_written_off_at_the_same_time_is_one_of_them(stock: Stock) -> None:
    transfer, sku = await under_way(stock, 9)
    waiting = await asked(stock, transfer)
    came, gone = await asyncio.gather(
        received(stock, transfer.id), approve(stock, waiting), return_exceptions=True
    )
    assert isinstance(came, Refusal) != isinstance(gone, Refusal)
    assert "wrong_state" in {getattr(came, "code", None), getattr(gone, "code", None)}
    state = "approved" if isinstance(came, Refusal) else "withdrawn"
    assert (await shown(stock, waiting)).state == state
    left = {} if isinstance(came, Refusal) else {"N2/R good": 9}
    assert {place: n for place, n in (await places_of(stock, sku)).items() if n} == left


async def test_what_arrived_meanwhile_is_not_written_off(stock: Stock) -> None:
    by = somebody(stock)
    transfer, sku = await under_way(stock, 9)
    waiting = await asked(stock, transfer, by)
    await received(stock, transfer.id, {"sku": sku, "qty": 2})
    with pytest.raises(Conflict) as refused:
        await approve(stock, waiting)
    assert refused.value.code == "goods_moved"
    assert (refused.value.facts["asked"], refused.value.facts["there"]) == (9, 7)
    assert (await shown(stock, waiting)).state == "requested"
    await withdraw_adjustment(stock.db, by, stamp(), adjustment_id=waiting, said=SAID)
    rest = await asked(stock, transfer, by)
    done = await reject_adjustment(
        stock.db, somebody(stock), stamp(), adjustment_id=rest, said=SAID
    )
    assert (done.state, done.ended_because) == ("rejected", None)
    assert (await again(stock, transfer)).short_asked is None
    await received(stock, transfer.id)
    assert (await stock.guard(sku, "N2")).on_hand == 9


async def test_when_everything_arrives_the_request_ends_by_itself(stock: Stock) -> None:
    """Not while a unit is still missing, and told once, with its reason."""
    transfer, sku = await under_way(stock, 9)
    other, _ = await under_way(stock, 9)
    waiting, elsewhere = await asked(stock, transfer), await asked(stock, other)
    await received(stock, transfer.id, {"sku": sku, "qty": 8})
    assert (await shown(stock, waiting)).state == "requested"
    by, key = somebody(stock, "N2"), stamp()
    for _ in range(2):
        await receive_transfer(stock.db, by, key, transfer_id=transfer.id, arrived=Arrived())
    ended = await shown(stock, waiting)
    assert (ended.state, ended.ended_because, ended.document_id) == (
        "withdrawn", "all_arrived", None,
    )  # fmt: skip
    assert (ended.decided_by, (await again(stock, transfer)).short_asked) == (by.actor, None)
    for verb in (approve_adjustment, reject_adjustment, withdraw_adjustment):
        refused = verb(stock.db, somebody(stock), stamp(), adjustment_id=waiting, said=SAID)
        assert await code_of(refused) == "wrong_state"
    assert (await shown(stock, elsewhere)).state == "requested"
    assert (await approve(stock, elsewhere)).ended_because is None
    assert (await stock.guard(sku, "N2")).on_hand == 9
    owner = await stock.server.owner(stock.tenant)
    try:
        told = await owner.fetch(
            "select name, body ->> 'because' from platform.outbox where aggregate_id = $1"
            " order by sequence", waiting,
        )  # fmt: skip
    finally:
        await owner.close()
    assert [tuple(row) for row in told] == [
        ("adjustment.requested", None), ("adjustment.withdrawn", "all_arrived")
    ]  # fmt: skip


async def test_a_limit_of_value_and_pieces_with_serials(stock: Stock) -> None:
    limits = NewLimits(0, 5, four_eyes_minor=1_000)
    await change_count_limits(stock.db, stock.staff, stamp(), warehouse="N2", new=limits)
    try:
        sku = await stock.sku(serial_tracked=True)
        for serial in ("A", "B"):
            await stock.receive(sku, 1, serial=serial)
        new = NewUnitValues([UnitValue(sku, 600)])
        await set_unit_values(stock.db, stock.staff, stamp(), new=new)
        made = await drafted(stock, (sku, 2))
        pieces = [{"sku": sku, "serial": serial} for serial in ("A", "B")]
        transfer = await sent(stock, made.id, *pieces)
        waiting = await asked(stock, transfer)
        found = await shown(stock, waiting)
        assert (found.over, found.value_minor) == ("value", 1_200)
        assert [line.serial for line in found.lines] == ["A", "B"]
        assert (await approve(stock, waiting)).state == "approved"
        assert await places_of(stock, sku) == {}
    finally:
        limits = NewLimits(0, 5)
        await change_count_limits(stock.db, stock.staff, stamp(), warehouse="N2", new=limits)


async def test_after_a_crash_it_is_written_off_once(stock: Stock) -> None:
    transfer, sku = await under_way(stock, 9)
    waiting, other, key = await asked(stock, transfer), somebody(stock), stamp()
    for place in ("approve_adjustment.before_commit", "approve_adjustment.after_commit"):
        faults.arm(
            stock.server.settings, {place: faults.Fault(raises=True)}, host="127.0.0.1",
            database_prefix="t_test_",
        )  # fmt: skip
        with pytest.raises(faults.InjectedFault):
            await approve(stock, waiting, other, key)
        faults._armed.clear()
        gone = {} if place.endswith("after_commit") else {f"{transfer.code} good": 9}
        assert await places_of(stock, sku) == gone
    assert (await approve(stock, waiting, other, key)).state == "approved"


async def test_only_who_works_where_it_should_have_arrived(stock: Stock) -> None:
    transfer, _ = await under_way(stock, 9)
    sender = somebody(stock, "N1")
    with pytest.raises(NotFound):
        await close(stock, transfer, sender)
    waiting = await asked(stock, transfer, somebody(stock, "N2"))
    for verb in (approve_adjustment, reject_adjustment, withdraw_adjustment):
        with pytest.raises(NotFound):
            await verb(stock.db, sender, stamp(), adjustment_id=waiting, said=SAID)
    assert (await approve(stock, waiting, somebody(stock, "N2"))).state == "approved"


async def lose(
    stock: Stock, sku: str, qty: int, by: Staff | ApiKey, node: str = "N1", **fields: object
) -> AdjustmentSummary:
    line = {"sku": sku, "qty": qty, "reason": "transfer_lost", **fields}
    new = msgspec.convert(
        {"node": node, "cause": "lost_on_the_way", "lines": [line]}, NewAdjustment
    )
    return await ask_adjustment(stock.db, by, stamp(), new=new)


async def on_the_road(stock: Stock, qty: int) -> str:
    """A SKU of which so many lie in the common place of goods under way."""
    sku = await stock.stocked(qty)
    await stock.move({"sku": sku, "qty": qty, "reason": "transfer_out", "from": {"node": "N1"}})
    return sku


async def test_what_is_lost_in_the_common_place_takes_an_adjustment(stock: Stock) -> None:
    sku, by = await on_the_road(stock, 20), somebody(stock)
    with pytest.raises(Conflict) as refused:
        await stock.move({"sku": sku, "qty": 1, "reason": "transfer_lost"})
    assert refused.value.code == "needs_adjustment"
    assert (await lose(stock, sku, 4, by)).state == "posted"
    assert await places_of(stock, sku) == {"TRANSIT good": 16}
    assert (await lose(stock, sku, 2, by, "N3")).over == "day", "it is of no node"
    waits = await lose(stock, sku, 9, by)
    assert (waits.state, await places_of(stock, sku)) == ("requested", {"TRANSIT good": 16})
    (line,) = (await shown(stock, waits.id)).lines
    assert (line.bin, line.reason) == ("TRANSIT", "transfer_lost")
    own = await key_of(stock.server, stock.db, by)
    assert await code_of(approve(stock, waits.id, own)) == "other_eyes_needed"
    assert (await approve(stock, waits.id)).state == "approved"
    assert await places_of(stock, sku) == {"TRANSIT good": 7}
    more = await lose(stock, sku, 7, somebody(stock))
    await stock.move({"sku": sku, "qty": 3, "reason": "transfer_in", "to": {"node": "N2"}})
    assert await code_of(approve(stock, more.id)) == "goods_moved"
    assert await code_of(lose(stock, sku, 5, somebody(stock))) == "goods_moved"


async def test_one_pair_of_eyes_has_one_day_for_all_nodes(stock: Stock) -> None:
    sku, by = await on_the_road(stock, 20), somebody(stock)
    nodes = ("N1", "N2", "N3", "N1")
    made = await asyncio.gather(*(lose(stock, sku, 3, by, node) for node in nodes))
    assert sorted(one.state for one in made) == ["posted", *["requested"] * 3]


async def test_goods_under_way_lie_in_no_bin(stock: Stock) -> None:
    sku = await on_the_road(stock, 3)
    with pytest.raises(Invalid) as refused:
        await lose(stock, sku, 1, somebody(stock), bin="A-1", status="damaged")
    assert [(e.path, e.code) for e in refused.value.errors] == [
        ("lines[0].bin", "not_in_a_bin"), ("lines[0].status", "not_under_way"),
    ]  # fmt: skip


async def test_moving_a_loss_back_takes_other_eyes_too(stock: Stock) -> None:
    sku, by = await on_the_road(stock, 9), somebody(stock)
    made = await lose(stock, sku, 9, by)
    done = await approve(stock, made.id)
    owner = await stock.server.owner(stock.tenant)
    try:
        movement_id = await owner.fetchval(
            "select movement_id from stock.movement where document_id = $1", done.document_id
        )
    finally:
        await owner.close()
    with pytest.raises(Forbidden) as refused:
        await reverse_movement(stock.db, by, stamp(), movement_id=movement_id)
    assert refused.value.code == "other_eyes_needed"
    await reverse_movement(stock.db, somebody(stock), stamp(), movement_id=movement_id)
    assert await places_of(stock, sku) == {"TRANSIT good": 9}
