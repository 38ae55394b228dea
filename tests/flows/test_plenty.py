"""The straight road of reservations: where there is plenty, and what leaves it.

Every order that goes it must be told and written as the careful way would; every other must find
the careful way with nothing half-written behind it.
"""

import asyncio
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from entrepot.access.flow import Claim, Stamp
from entrepot.access.permissions import PERMISSIONS
from entrepot.flows.reserve_stock import reserve_stock
from entrepot.kernel.ids import new_token
from entrepot.kernel.principals import ApiKey, Job
from entrepot.kernel.refusals import Forbidden, Invalid, Refusal, Unauthenticated
from entrepot.platform.audit import seal_batch
from entrepot.platform.database import Database
from entrepot.platform.outbox import drain_outbox
from entrepot.stock.types import Reservation
from tests.flows.trade import later, stamp
from tests.postgres_fixture import InstalledServer
from tests.stock.house import Stock, open_stock
from tests.stock.plenty import ROADS, SKU_ID, carefully, left_road, order, straight

pytestmark = pytest.mark.usefixtures("whole")


async def rows_of(stock: Stock, reference: str) -> dict[str, Any]:
    """All that is written of the order: ids, keys and the moment of writing left out."""
    owner = await stock.server.owner(stock.tenant)
    try:
        made = await owner.fetchrow(
            "select * from stock.reservation where reference = $1 and state = 'pending'", reference
        )
        which = made["reservation_id"]
        found = {
            "reservation": [made],
            "lines": await owner.fetch(
                "select sku_id, node_id, quantity, backordered, open from stock.reservation_line"
                " where reservation_id = $1 order by 1, 2", which,
            ),
            "outbox": await owner.fetch(
                "select o.name, o.version, o.aggregate, o.sequence, o.actor, o.body,"
                " exists(select from platform.waiting_event as p where p.event_id = o.event_id)"
                " as pending, o.at = $2 as at_once from platform.outbox as o"
                " where o.aggregate_id = $1", which, made["created_at"],
            ),
            "audit": await owner.fetch(
                "select a.actor, a.credential, a.on_behalf_of, a.request_id, a.verb, a.subject,"
                " a.facts, a.at = $2 as at_once, exists(select from platform.waiting_audit as u"
                " where u.audit_id = a.audit_id) as unsealed from platform.audit as a"
                " where a.subject_id = $1", which, made["created_at"],
            ),
            "kept": await owner.fetch(
                "select credential, refused, answer, fingerprint from platform.idempotency"
                " where answer ->> 'id' = $1::text", str(which),
            ),
        }  # fmt: skip
    finally:
        await owner.close()
    assert len(found["outbox"]) == len(found["audit"]) == len(found["kept"]) == 1
    assert found["outbox"][0]["pending"], "an event that nobody waits for is lost"
    assert found["audit"][0]["unsealed"], "a row that nobody seals can be changed"
    return {
        table: [{name: _plain(name, value) for name, value in row.items()} for row in rows]
        for table, rows in found.items()
    }


_ITS_OWN = frozenset({"reservation_id", "reference", "created_at", "recorded_at", "expires_at"})


def _plain(name: str, value: Any) -> Any:
    if name in _ITS_OWN:
        return value is not None
    if name in ("body", "answer"):
        body = msgspec.json.decode(value)
        for moment in ("created_at", "expires_at"):
            if body[moment] is not None:
                assert body[moment].endswith("+00:00")
                assert not body[moment].removesuffix("+00:00").endswith("0") or (
                    "." not in body[moment]
                )
        return {key: key in body if key in {*_ITS_OWN, "id"} else body[key] for key in body}
    return value


@pytest.mark.parametrize("hours", [None, 5])
async def test_both_ways_write_and_tell_the_same(stock: Stock, hours: float | None) -> None:
    cup, plate = await stock.stocked(50), await stock.stocked(50, "N2")
    expires = None if hours is None else later(hours) + timedelta(microseconds=120)
    lines = ((cup, 2, "N1"), (plate, 3, "N2"), (cup, 1, "N1"))
    one, two = (order(*lines, expires_at=expires) for _ in range(2))
    stamps = [Stamp("request", new_token(12), new_token(12), b"body") for _ in range(2)]
    told = await straight(stock, one, stamps=stamps[:1])
    assert told is not None
    claim = (await carefully(stock, two, stamps=stamps[1:]))[0]
    assert claim.verdict == "fresh" and claim.answer is not None
    quick, slow = (msgspec.json.decode(answer) for answer in (told[0], claim.answer))
    assert (
        quick["lines"]
        == slow["lines"]
        == [
            {"sku": cup, "node": "N1", "qty": 3, "backordered": 0},
            {"sku": plate, "node": "N2", "qty": 3, "backordered": 0},
        ]
    )
    assert await rows_of(stock, one.reference) == await rows_of(stock, two.reference)
    for sku, left in ((cup, 44), (plate, 44)):
        assert await stock.available(sku) == [left]


async def test_an_order_in_plenty_goes_the_straight_road(
    stock: Stock, monkeypatch: pytest.MonkeyPatch
) -> None:
    cup = await stock.stocked(50)

    async def never(*_: object, **__: object) -> list[Claim]:
        raise AssertionError("there is plenty: nothing is to be decided")

    monkeypatch.setattr(ROADS, "_reserve", never)
    made = await asyncio.gather(*(stock.reserve((cup, 1, "N1")) for _ in range(20)))
    assert len({one.id for one in made}) == 20
    assert await stock.available(cup) == [30]


async def test_lines_without_a_node_go_the_straight_road_together(
    stock: Stock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the first node of the channel that has any, as the careful way takes them."""
    cup, plate = await stock.stocked(60, "N2"), await stock.stocked(60, "N3")
    await stock.receive(cup, 60, "N3")
    wanted = ((plate, 1, None), (cup, 2, None), (cup, 1, "N3"), (cup, 1, "N2"))
    ways = [order(*wanted) for _ in range(3)]
    told = await straight(stock, *ways[:2])
    assert told is not None
    asked = [Stamp("request", new_token(12), new_token(12), b"body")]
    slow = (await carefully(stock, ways[2], stamps=asked))[0].answer
    assert slow is not None
    for answer in (*told, slow):
        assert msgspec.json.decode(answer)["lines"] == [
            {"sku": cup, "node": "N3", "qty": 1, "backordered": 0},
            {"sku": cup, "node": "N2", "qty": 3, "backordered": 0},
            {"sku": plate, "node": "N3", "qty": 1, "backordered": 0},
        ]

    async def never(*_: object, **__: object) -> list[Claim]:
        raise AssertionError("there is plenty: nothing is to be decided")

    alone = await stock.reserve((cup, 1))
    assert alone.lines[0].node == "N2"
    monkeypatch.setattr(ROADS, "_reserve", never)
    several = [order((cup, 1, None)) for _ in range(10)]
    assert await straight(stock, *several) is not None
    assert await stock.available(cup, plate) == [120 - 12 - 1 - 10, 57]


async def test_what_one_node_cannot_give_alone_is_decided(stock: Stock) -> None:
    cup = await stock.stocked(3, "N1")
    await stock.receive(cup, 50, "N2")
    each = [order((cup, 2, None)) for _ in range(2)]
    await left_road(stock, *each)
    await left_road(stock, order((cup, 1, None)))
    for unknown in (order(("NO-SUCH", 1, None)), order((cup, 1, None), channel="NONE")):
        await left_road(stock, order((cup, 1, "N2")), unknown)
    assert await straight(stock, *each, principal=stock.staff_of("N2")) is not None
    await left_road(stock, *each, principal=stock.staff_of("N3"))
    made = [await stock.reserve((cup, 2)) for _ in range(2)]
    assert [[line.node for line in one.lines] for one in made] == [["N1"], ["N1", "N2"]]


async def test_what_is_protected_for_a_channel_comes_from_its_first_node(stock: Stock) -> None:
    """The first node has goods for nobody but this channel: passing them by would be wrong."""
    cup = await stock.stocked(9, "N2")
    await stock.receive(cup, 50, "N1")
    await stock.levels(cup, "N2", protected=9)
    several = [order((cup, 2, None), channel="SHOP") for _ in range(4)]
    told = await straight(stock, *several[:2])
    assert told is not None and all(b'"N1"' in answer for answer in told)
    await stock.channel_levels("SHOP", uses_protected=True)
    await left_road(stock, *several[2:])
    made = await asyncio.gather(*(stock.reserve((cup, 2), channel="SHOP") for _ in range(4)))
    assert {line.node for one in made for line in one.lines} == {"N2"}
    await stock.channel_levels("SHOP", uses_protected=False)


async def test_what_has_to_be_decided_leaves_the_road(stock: Stock) -> None:
    cup, plate = await stock.stocked(5), await stock.stocked(5, "N2")
    few, kept, far = [await stock.stocked(5, node) for node in ("N1", "N1", "N3")]
    kit = await stock.sku((cup, 2))
    await stock.levels(few, safety=3)
    await stock.levels(kept, protected=3)
    for wanted in (
        order((cup, 6, "N1")), order((cup, 3, "N1"), (plate, 1, "N2"), (cup, 3, "N1")),
        order((few, 3, "N1")), order((kept, 3, "N1")), order((kit, 1, "N1")),
        order((cup, 1, "N2")), order((cup, 1, "N9")), order(("NO-SUCH", 1, "N1")),
        order((cup, 1, "N1"), channel="NONE"), order((far, 1, "N3"), channel="SHOP"),
    ):  # fmt: skip
        await left_road(stock, wanted)
        if wanted.channel == "WEB":
            await left_road(stock, order((plate, 1, "N2")), wanted)
    assert await straight(stock, order((few, 2, "N1")), order((kept, 2, "N1"))) is not None


async def test_what_ended_or_lies_in_another_pool_leaves_the_road(stock: Stock) -> None:
    wide = await stock.stocked(5, "N2")
    await stock.receive(wide, 5, "N3")
    await left_road(stock, order((wide, 1, "N3"), channel="SHOP"))
    cup, became = await stock.stocked(5), await stock.stocked(5)
    owner = await stock.server.owner(stock.tenant)
    part = "insert into catalog.kit_part (kit_sku_id, component_sku_id, quantity) values"
    await owner.execute(f"{part} ({SKU_ID}, {SKU_ID.replace('$1', '$2')}, 2)", became, cup)
    await left_road(stock, order((became, 1, "N1")))
    for table, named in (("catalog.sku", cup), ("nodes.node", "N1"), ("nodes.channel", "WEB")):
        close = f"update {table} set closed_at = $2 where code = $1"
        await owner.execute(close, named, later(0))
        await left_road(stock, order((cup, 1, "N1")))
        await owner.execute(close, named, None)
    await owner.close()
    assert await straight(stock, order((cup, 1, "N1"))) is not None


async def test_a_channel_that_asks_for_life_is_decided(stock: Stock) -> None:
    cup = await stock.stocked(5, "N2")
    await stock.channel_levels("SHOP", min_life_days=30)
    await left_road(stock, order((cup, 1, "N2"), channel="SHOP"))
    await stock.channel_levels("SHOP", min_life_days=0)
    assert await straight(stock, order((cup, 1, "N2"), channel="SHOP")) is not None


async def test_a_dead_key_leaves_the_road(stock: Stock) -> None:
    cup = await stock.stocked(5)
    key = ApiKey(stock.tenant.tenant, "ek_nobody", 1, PERMISSIONS)
    await left_road(stock, order((cup, 1, "N1")), principal=key)
    with pytest.raises(Unauthenticated):
        await reserve_stock(stock.db, key, stamp(), order((cup, 1, "N1")))


async def test_an_expiry_that_has_come_is_refused(stock: Stock) -> None:
    cup = await stock.stocked(5)
    moment = later(0)
    db = Database(stock.db.pools, lambda: moment)
    for expires, is_refused in ((moment, True), (moment + timedelta(microseconds=1), False)):
        asked = reserve_stock(db, stock.staff, stamp(), order((cup, 1, "N1"), expires_at=expires))
        if is_refused:
            with pytest.raises(Invalid):
                await asked
        else:
            assert (await asked).strength == "soft"


async def test_channels_with_rules_are_decided(stock: Stock) -> None:
    for rule in ({"buffer": 3}, {"quota": 3}):
        cup = await stock.stocked(5)
        await stock.channel_levels("WEB", [{"sku": cup, **rule}])
        await left_road(stock, order((cup, 1, "N1")))
        assert len((await stock.reserve((cup, 2, "N1"))).lines) == 1
        with pytest.raises(Refusal) as refused:
            await stock.reserve((cup, 2, "N1"))
        assert refused.value.code == "insufficient_stock"


async def test_a_live_reference_is_replaced_not_doubled(stock: Stock) -> None:
    cup = await stock.stocked(5)
    first = await stock.reserve((cup, 4, "N1"), reference="cart")
    await left_road(stock, order((cup, 5, "N1"), reference="cart"))
    second = await stock.reserve((cup, 5, "N1"), reference="cart")
    assert first.id != second.id
    assert await stock.available(cup) == [0]


async def test_a_live_reference_breaks_one_flight_and_is_looked_for_in_the_next(
    stock: Stock,
) -> None:
    cup = await stock.stocked(80)
    live = order((cup, 1, "N1"))
    looks = ROADS._looks
    looks.pop(stock.staff.tenant, None)
    assert await straight(stock, order((cup, 1, "N1"))) is not None
    assert await straight(stock, live) is not None
    for looking in (0, ROADS.LOOKS):
        assert looks[stock.staff.tenant] == looking
        await left_road(stock, order((cup, 1, "N1")), live)
    for left in range(ROADS.LOOKS - 1, -1, -1):
        assert await straight(stock, order((cup, 1, "N1"))) is not None
        assert looks[stock.staff.tenant] == left


async def test_what_cannot_travel_joined_is_decided(stock: Stock) -> None:
    """A text with the mark between texts in it would be taken for two."""
    cup = await stock.stocked(50)
    await left_road(stock, order((cup, 1, "N1")), order((cup, 1, "N1"), reference="a\x1fb"))
    made = await stock.reserve((cup, 1, "N1"), reference="a\x1fb")
    assert made.reference == "a\x1fb" and await stock.available(cup) == [49]


async def test_a_flight_waits_as_one_for_the_drain_and_for_the_seal(stock: Stock) -> None:
    cup = await stock.stocked(50)
    job = Job(tenant=stock.staff.tenant, on_behalf_of="test")
    async with stock.db.begin(job) as tx:
        while await drain_outbox(tx) or await seal_batch(tx, key=b"k" * 32):
            pass
    told = await straight(stock, *(order((cup, 1, "N1")) for _ in range(3)))
    assert told is not None
    made = {msgspec.json.decode(answer)["id"] for answer in told}
    owner = await stock.server.owner(stock.tenant)
    for waiting in ("platform.outbox_pending", "platform.audit_unsealed"):
        assert await owner.fetchval(f"select count(*) from {waiting}") == 1
    async with stock.db.begin(job) as tx:
        fed = await drain_outbox(tx, most=1)
        assert {str(event.aggregate_id) for event in fed} == made and len(fed) == 3
        assert await drain_outbox(tx) == []
        assert await seal_batch(tx, key=b"k" * 32) is not None
        assert await seal_batch(tx, key=b"k" * 32) is None
    sealed = await owner.fetchval(
        "select count(*) from platform.audit_sealed as s"
        " join platform.audit as a on a.audit_id = s.audit_id where a.subject_id = any($1)", made,
    )  # fmt: skip
    assert sealed == 3
    await owner.close()


async def test_who_may_not_see_a_warehouse_leaves_the_road(stock: Stock) -> None:
    cup = await stock.stocked(5)
    await left_road(stock, order((cup, 1, "N1")), principal=stock.staff_of("N2"))
    with pytest.raises(Refusal) as refused:
        await stock.reserve((cup, 1, "N1"), by=stock.staff_of("N2"))
    assert refused.value.code == "unknown_node"
    assert await straight(stock, order((cup, 1, "N1")), principal=stock.staff_of("N1"))


async def test_who_may_not_reserve_does_not(stock: Stock) -> None:
    cup = await stock.stocked(5)
    nobody = msgspec.structs.replace(stock.staff, permissions=frozenset({"stock:read"}))
    with pytest.raises(Forbidden):
        await stock.reserve((cup, 1, "N1"), by=nobody)
    assert await stock.available(cup) == [5]


async def test_tenants_and_scopes_never_share_a_flight(
    server: InstalledServer, stock: Stock
) -> None:
    """Many at once through one door: each order lands in the house of who asked."""
    other = await open_stock(server)
    here, there = await stock.stocked(50), await other.stocked(50)
    scoped = stock.staff_of("N2")
    asks = [(stock.staff, here), (other.staff, there)] * 12
    made = await asyncio.gather(
        *(
            reserve_stock(stock.db, by, stamp(), order((sku, 1, "N1")))
            for by, sku in [*asks, *[(scoped, here)] * 6]
        ),
        return_exceptions=True,
    )
    assert all(isinstance(one, Reservation) for one in made[:24])
    assert [getattr(one, "code", None) for one in made[24:]] == ["unknown_node"] * 6
    assert await stock.available(here) == [38]
    assert await other.available(there) == [38]
