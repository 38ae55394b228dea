"""Bounds of stock: kits without end, closed bins, goods under way, pools that change in a crowd."""

import asyncio
from typing import Any

import msgspec
import pytest

from entrepot.access import flow
from entrepot.flows.expire_lots import expire_lots
from entrepot.flows.fulfil_reservation import fulfil_reservation
from entrepot.flows.replace_channel import replace_channel
from entrepot.flows.reverse_movement import reverse_movement
from entrepot.kernel.refusals import Conflict, Invalid, NotFound, Refusal
from entrepot.nodes.channel_types import ChannelDocument
from entrepot.stock.types import Reservation
from tests.flows.trade import stamp
from tests.stock.house import NODES, Stock

PAST = "2020-01-31"


pytestmark = pytest.mark.usefixtures("whole")


def codes(refused: Refusal) -> list[tuple[str, str]]:
    return [(error.path, error.code) for error in refused.errors]


async def test_kits_that_fall_apart_into_too_much_are_refused_alone(stock: Stock) -> None:
    """A thousand million of a kit of two is more than a line may ask for; who shares the batch
    is served."""
    sku = await stock.stocked(20)
    pair = await stock.sku((sku, 2))
    most = 1_000_000_000
    calls = [stock.reserve((sku, 1)) for _ in range(6)]
    made = await asyncio.gather(*calls, stock.reserve((pair, most)), return_exceptions=True)
    assert all(isinstance(one, Reservation) for one in made[:6])
    assert isinstance(made[6], Invalid)
    assert codes(made[6]) == [("lines", "kits_too_large")]
    with pytest.raises(Conflict):
        await stock.reserve((sku, most))


async def test_many_parts_of_many_kits_are_too_many_lines(stock: Stock) -> None:
    parts = [(await stock.sku(), 1) for _ in range(100)]
    box = await stock.sku(*parts)
    with pytest.raises(Conflict):
        await stock.reserve(*((box, 1) for _ in range(25)))  # one SKU: its parts are summed
    nodes = [(box, 1, node) for node in NODES]
    with pytest.raises(Conflict):
        await stock.reserve(*nodes)
    owner = await stock.server.owner(stock.tenant)
    try:
        wide = await owner.fetchval(
            "select (stock.take_apart_v1(array_agg(1), array_agg(s.sku_id), array_agg(s.code),"
            " array_agg(1::bigint), array_agg(null::uuid), array_agg('n' || x))).wide"
            " from catalog.sku as s, generate_series(1, 21) as x where s.code = $1", box,
        )  # fmt: skip
    finally:
        await owner.close()
    assert wide == [1], "21 times a hundred lines"


async def test_two_ways_to_each_part_are_not_walked_one_by_one(stock: Stock) -> None:
    """Twenty-six levels, from each two ways to the next: 67 million ways to one screw."""
    screw = await stock.stocked(70_000_000)
    left, right = await stock.sku((screw, 1)), await stock.sku((screw, 1))
    for _ in range(26):
        left, right = await stock.sku((left, 1), (right, 1)), await stock.sku((left, 1), (right, 1))
    assert await stock.available(left) == [1]
    made = await stock.reserve((left, 1))
    assert [(line.sku, line.qty) for line in made.lines] == [(screw, 2**26)]
    await stock.release(made.id)


async def test_nothing_is_moved_back_into_a_closed_bin(stock: Stock) -> None:
    sku = await stock.sku()
    await stock.receive(sku, 3)
    await stock.move({
        "sku": sku, "qty": 3, "reason": "move",
        "from": {"node": "N1"}, "to": {"node": "N1", "bin": "A-2"},
    })  # fmt: skip
    away = await stock.post({
        "sku": sku, "qty": 1, "reason": "scrap", "from": {"node": "N1", "bin": "A-2"},
    })  # fmt: skip
    owner = await stock.server.owner(stock.tenant)
    closed = (
        "update nodes.bin as b set closed_at = {} from nodes.node as n"
        " where n.node_id = b.node_id and n.code = 'N1' and b.code = 'A-2'"
    )
    try:
        await owner.execute(closed.format("now()"))
        with pytest.raises(Conflict) as refused:
            await reverse_movement(stock.db, stock.staff, stamp(), movement_id=away.movements[0])
        assert refused.value.code == "bin_closed"
    finally:
        await owner.execute(closed.format("null"))
        await owner.close()


async def test_a_lot_that_ends_between_two_nodes_is_no_violation_and_not_good(
    stock: Stock,
) -> None:
    sku = await stock.sku(lot_tracked=True)
    await stock.receive(sku, 3, lot="L", expires_on=PAST)
    away = {"sku": sku, "qty": 2, "reason": "transfer_out", "lot": "L", "from": {"node": "N1"}}
    await stock.move(away)
    assert (await expire_lots(stock.db, stock.job, stamp())).ended == 1
    assert await stock.violations() == {}
    there = {"sku": sku, "qty": 2, "reason": "transfer_in", "lot": "L", "to": {"node": "N2"}}
    with pytest.raises(Conflict) as refused:
        await stock.move(there)
    assert refused.value.code == "lot_expired"
    assert await stock.available(sku) == [0]


async def test_a_pool_changes_in_a_crowd_without_a_deadlock(
    stock: Stock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Orders over all nodes, while the shop's pool grows and shrinks by one of them. Nobody is
    given a second try, so a deadlock would reach its caller."""
    monkeypatch.setattr(flow, "TRIES", 1)
    skus = [await stock.sku() for _ in range(4)]
    for sku in skus:
        for node in NODES:
            await stock.receive(sku, 400, node)

    async def change(turn: int) -> object:
        pool = [{"node": node, "priority": n} for n, node in enumerate(NODES[turn % 2 :], 1)]
        document = msgspec.convert({"pool": pool}, ChannelDocument)
        return await replace_channel(stock.db, stock.staff, stamp(), code="SHOP", document=document)

    async def buyer(n: int) -> None:
        turned = skus[n % 4 :] + skus[: n % 4]
        for _ in range(6):
            held = await stock.reserve(*((sku, 1, node) for sku in turned for node in NODES))
            await fulfil_reservation(stock.db, stock.staff, stamp(), reservation_id=held.id)

    await asyncio.gather(*(buyer(n) for n in range(8)), *(change(turn) for turn in range(8)))
    assert await stock.available(*skus) == [3 * (400 - 8 * 6)] * 4


async def test_all_that_is_wrong_with_an_order_is_named_at_once(stock: Stock) -> None:
    """Each fault with its field; code and facts are the first's. Others in the flight fly on."""
    cup = await stock.stocked(20)
    fine = [stock.reserve((cup, 1)) for _ in range(3)]
    lines = (("NO-CUP", 1), (cup, 1, "N9"), ("NO-LID", 2, "N8"), (cup, 1), ("NO-CUP", 1))
    wrong = stock.reserve(*lines, channel="NONE", hours=-1)
    *made, refused = await asyncio.gather(*fine, wrong, return_exceptions=True)
    assert all(isinstance(one, Reservation) for one in made)
    assert isinstance(refused, NotFound)
    assert (refused.code, refused.facts) == ("unknown_channel", {"channel": "NONE"})
    assert codes(refused) == [
        ("channel", "unknown_channel"), ("expires_at", "in_the_past"),
        ("lines[0].sku", "unknown_sku"), ("lines[1].node", "unknown_node"),
        ("lines[2].sku", "unknown_sku"), ("lines[2].node", "unknown_node"),
        ("lines[4].sku", "unknown_sku"),
    ]  # fmt: skip
    assert await stock.available(cup) == [17]


@pytest.mark.parametrize(
    ("line", "fields", "code", "path"),
    [
        (("NO-CUP", 1), {}, "unknown_sku", "lines[1].sku"),
        ((None, 1, "N9"), {}, "unknown_node", "lines[1].node"),
        ((None, 1), {"channel": "NONE"}, "unknown_channel", "channel"),
        ((None, 1), {"hours": -1}, "invalid", "expires_at"),
    ],
)
async def test_one_fault_is_told_alone(
    stock: Stock, line: Any, fields: dict[str, Any], code: str, path: str
) -> None:
    cup = await stock.stocked(5)
    with pytest.raises((NotFound, Invalid)) as refused:
        await stock.reserve((cup, 1), (line[0] or cup, *line[1:]), **fields)
    assert refused.value.code == code
    assert [error.path for error in refused.value.errors] == [path]
    assert await stock.available(cup) == [5]


async def test_faults_hide_nothing_of_other_warehouses(stock: Stock) -> None:
    """A node that is not the caller's and one that nobody has are told alike; too large a kit
    hides no unknown code; no more than a hundred faults are told."""
    cup = await stock.stocked(20)
    pair = await stock.sku((cup, 2))
    with pytest.raises(NotFound) as refused:
        await stock.reserve((cup, 1, "N2"), (cup, 1, "N9"), by=stock.staff_of("N1"))
    assert codes(refused.value) == [
        ("lines[0].node", "unknown_node"), ("lines[1].node", "unknown_node")
    ]  # fmt: skip
    with pytest.raises(Invalid) as wide:
        await stock.reserve((pair, 1_000_000_000), ("NO-CUP", 1, "N2"), by=stock.staff_of("N1"))
    assert codes(wide.value) == [
        ("lines", "kits_too_large"), ("lines[1].sku", "unknown_sku"),
        ("lines[1].node", "unknown_node"),
    ]  # fmt: skip
    with pytest.raises(NotFound) as many:
        await stock.reserve(*((f"NO-{n}", 1) for n in range(120)))
    assert len(many.value.errors) == 100
