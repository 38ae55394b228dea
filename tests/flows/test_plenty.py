"""The straight road of reservations: where there is plenty, and what leaves it.

Every order that goes it must be told and written as the careful way would; every other must find
the careful way with nothing half-written behind it.
"""

import asyncio
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any

import asyncpg
import msgspec
import pytest

from entrepot.access.batch_flow import Request
from entrepot.access.flow import Claim, Stamp
from entrepot.flows.reserve_stock import reserve_stock
from entrepot.kernel.ids import new_token
from entrepot.kernel.refusals import Refusal
from entrepot.platform.database import Database, Tx
from entrepot.stock.types import NewReservation, NewReservationLine
from entrepot.tenancy.entrances import connect
from tests.flows.trade import later, stamp
from tests.postgres_fixture import InstalledServer
from tests.stock.house import Stock, open_stock

ROADS: Any = sys.modules["entrepot.flows.reserve_stock"]
Way = Callable[[Tx, Sequence[Request]], Awaitable[Sequence[Claim]]]


@pytest.fixture(scope="module")
async def stock(server: InstalledServer) -> Stock:
    return await open_stock(server)


@pytest.fixture(autouse=True)
async def whole(stock: Stock):
    yield
    assert await stock.violations() == {}


def order(*lines: tuple[str, int, str | None], **fields: Any) -> NewReservation:
    wanted = [NewReservationLine(*line) for line in lines]
    return NewReservation(
        fields.pop("reference", None) or new_token(9),
        fields.pop("channel", "WEB"),
        wanted,
        **fields,
    )


async def straight(stock: Stock, *orders: NewReservation, **by: Any) -> list[bytes] | None:
    """The answers of a flight on the straight road; None when it was left."""
    asked = requests(stock, *orders, **by)
    async with stock.db.autocommit(asked[0].principal) as tx:
        answers: list[bytes] | None = await ROADS._reserve_at_once(tx, asked)
    return answers


def requests(
    stock: Stock, *orders: NewReservation, principal: Any = None, stamps: Sequence[Stamp] = ()
) -> list[Request]:
    return [
        Request(principal or stock.staff, given, value)
        for value, given in zip(orders, stamps or [stamp() for _ in orders], strict=True)
    ]


async def carefully(
    stock: Stock, *orders: NewReservation, stamps: Sequence[Stamp]
) -> Sequence[Claim]:
    asked = requests(stock, *orders, stamps=stamps)
    async with stock.db.autocommit(stock.staff) as tx:
        found: Sequence[Claim] = await ROADS._reserve(tx, asked, whole=True)
    return found


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
                " exists(select from platform.outbox_pending as p where p.event_id = o.event_id)"
                " as pending, o.at = $2 as at_once from platform.outbox as o"
                " where o.aggregate_id = $1", which, made["created_at"],
            ),
            "audit": await owner.fetch(
                "select a.actor, a.credential, a.on_behalf_of, a.request_id, a.verb, a.subject,"
                " a.facts, a.at = $2 as at_once, exists(select from platform.audit_unsealed as u"
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


async def _left(stock: Stock, *orders: NewReservation, principal: Any = None) -> None:
    """The straight road is left with nothing written and nothing claimed."""
    before = await _counted(stock)
    assert await straight(stock, *orders, principal=principal) is None
    assert await _counted(stock) == before


async def _counted(stock: Stock) -> list[int]:
    owner = await stock.server.owner(stock.tenant)
    try:
        return [
            await owner.fetchval(f"select count(*) from {table}")
            for table in (
                "stock.reservation", "stock.reservation_line", "platform.request_nonce",
                "platform.idempotency", "platform.outbox", "platform.outbox_pending",
                "platform.audit", "platform.audit_unsealed",
            )
        ]  # fmt: skip
    finally:
        await owner.close()


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
        await _left(stock, wanted)
        if wanted.channel == "WEB":
            await _left(stock, order((plate, 1, "N2")), wanted)
    assert await straight(stock, order((few, 2, "N1")), order((kept, 2, "N1"))) is not None


async def test_two_channels_together_never_take_more_than_there_is(stock: Stock) -> None:
    cup = await stock.stocked(9, "N2")
    each = [order((cup, 5, "N2"), channel=channel) for channel in ("WEB", "SHOP")]
    await _left(stock, *each)
    made = await asyncio.gather(
        *(reserve_stock(stock.db, stock.staff, stamp(), one) for one in each),
        return_exceptions=True,
    )
    assert sum(1 for one in made if not isinstance(one, BaseException)) == 1
    assert await stock.available(cup) == [4]


async def test_channels_with_rules_are_decided(stock: Stock) -> None:
    for rule in ({"buffer": 3}, {"quota": 3}):
        cup = await stock.stocked(5)
        await stock.channel_levels("WEB", [{"sku": cup, **rule}])
        await _left(stock, order((cup, 1, "N1")))
        assert len((await stock.reserve((cup, 2, "N1"))).lines) == 1
        with pytest.raises(Refusal) as refused:
            await stock.reserve((cup, 2, "N1"))
        assert refused.value.code == "insufficient_stock"


async def test_a_live_reference_is_replaced_not_doubled(stock: Stock) -> None:
    cup = await stock.stocked(5)
    first = await stock.reserve((cup, 4, "N1"), reference="cart")
    await _left(stock, order((cup, 5, "N1"), reference="cart"))
    second = await stock.reserve((cup, 5, "N1"), reference="cart")
    assert first.id != second.id
    assert await stock.available(cup) == [0]


async def test_who_may_not_see_a_warehouse_leaves_the_road(stock: Stock) -> None:
    cup = await stock.stocked(5)
    await _left(stock, order((cup, 1, "N1")), principal=stock.staff_of("N2"))
    with pytest.raises(Refusal) as refused:
        await stock.reserve((cup, 1, "N1"), by=stock.staff_of("N2"))
    assert refused.value.code == "unknown_node"
    assert await straight(stock, order((cup, 1, "N1")), principal=stock.staff_of("N1"))


async def test_a_key_or_nonce_seen_before_breaks_the_flight_for_nobody(stock: Stock) -> None:
    cup = await stock.stocked(50)
    seen = stamp()
    new = order((cup, 1, "N1"))
    first = await reserve_stock(stock.db, stock.staff, seen, new)
    other = order((cup, 1, "N1"))
    before = await _counted(stock)
    assert await straight(stock, other, new, stamps=[stamp(), seen]) is None
    assert await _counted(stock) == before
    again, fresh = await asyncio.gather(
        reserve_stock(stock.db, stock.staff, seen, new),
        reserve_stock(stock.db, stock.staff, stamp(), other),
    )
    assert again == first and fresh.id != first.id
    assert await stock.available(cup) == [48]


async def _while_held(stock: Stock, sku: str, change: str, wanted: NewReservation) -> object:
    """Ask while somebody else changes the guarding row; his commit comes when we wait for it."""
    owner = await stock.server.owner(stock.tenant)
    watcher = await stock.server.owner(stock.tenant)
    asked: asyncio.Task[Any] | None = None
    try:
        block = owner.transaction()
        await block.start()
        await owner.execute(change, sku)
        asked = asyncio.create_task(reserve_stock(stock.db, stock.staff, stamp(), wanted))
        for _ in range(500):
            if await watcher.fetchval(
                "select count(*) from pg_locks where not granted and pid in"
                " (select pid from pg_stat_activity where datname = current_database())"
            ):
                break
            await asyncio.sleep(0.01)
        else:
            raise AssertionError("nobody waits for the row")
        await block.commit()
        return (await asyncio.gather(asked, return_exceptions=True))[0]
    finally:
        await owner.close()
        await watcher.close()


_SKU = "(select sku_id from catalog.sku where code = $1)"


async def test_what_was_sold_under_the_look_is_not_sold_again(stock: Stock) -> None:
    cup = await stock.stocked(9)
    before = await _counted(stock)
    told = await _while_held(
        stock, cup, f"update stock.sku_node set safety = 5 where sku_id = {_SKU}",
        order((cup, 5, "N1")),
    )  # fmt: skip
    assert isinstance(told, Refusal) and told.code == "insufficient_stock"
    reservations, lines, *_ = await _counted(stock)
    assert [reservations, lines] == before[:2]
    owner = await stock.server.owner(stock.tenant)
    await owner.execute(f"update stock.sku_node set safety = 0 where sku_id = {_SKU}", cup)
    await owner.close()


async def test_a_rule_that_came_under_the_look_is_kept(stock: Stock) -> None:
    cup = await stock.stocked(9)
    told = await _while_held(
        stock, cup, f"update stock.channel_available set quota = 2 where sku_id = {_SKU}",
        order((cup, 5, "N1")),
    )  # fmt: skip
    assert isinstance(told, Refusal) and told.code == "insufficient_stock"
    assert (await stock.reserve((cup, 2, "N1"))).lines[0].qty == 2


@pytest.mark.parametrize("buyers", [2, 17, 64])
async def test_of_n_buyers_for_one_unit_less_one_goes_without(stock: Stock, buyers: int) -> None:
    cup = await stock.stocked(buyers - 1)
    lanes = [stock.db, Database(stock.db.pools, stock.db.clock)]

    async def buy(n: int) -> object:
        new = order((cup, 1, "N1"))
        return await reserve_stock(lanes[n % 2], stock.staff, stamp(), new)

    counted: Counter[str] = Counter()
    for one in await asyncio.gather(*(buy(n) for n in range(buyers)), return_exceptions=True):
        if isinstance(one, BaseException) and not isinstance(one, Refusal):
            raise one
        counted[one.code if isinstance(one, Refusal) else "done"] += 1
    assert counted == {"done": buyers - 1, "insufficient_stock": 1}
    assert await stock.available(cup) == [0]


async def test_orders_of_many_lines_in_any_order_wait_for_each_other(stock: Stock) -> None:
    skus = [await stock.stocked(400, node) for node in ("N1", "N2", "N3", "N1", "N2")]
    where = dict(zip(skus, ("N1", "N2", "N3", "N1", "N2"), strict=True))
    lanes = [Database(stock.db.pools, stock.db.clock) for _ in range(4)]

    async def buyer(n: int) -> None:
        turned = skus[n % 5 :] + skus[: n % 5]
        for lines in (turned, turned[::-1]):
            new = order(*((sku, 1, where[sku]) for sku in lines))
            await reserve_stock(lanes[n % 4], stock.staff, stamp(), new)

    await asyncio.gather(*(buyer(n) for n in range(32)))
    assert await stock.available(*skus) == [400 - 64] * 5
    owner = await stock.server.owner(stock.tenant)
    assert (
        await owner.fetchval(
            "select deadlocks from pg_stat_database where datname = current_database()"
        )
        == 0
    )
    await owner.close()


async def test_a_flight_that_falls_before_its_commit_leaves_nothing(stock: Stock) -> None:
    """Its connection is ended while it waits for the guarding row."""
    cup = await stock.stocked(9)
    before = await _counted(stock)
    server = await connect(stock.server.superuser)

    async def end_who_waits() -> None:
        for _ in range(500):
            if await server.fetchval(
                "select bool_or(pg_terminate_backend(pid)) from pg_stat_activity"
                " where wait_event_type = 'Lock'"
            ):
                return
            await asyncio.sleep(0.01)
        raise AssertionError("nobody waits for the row")

    owner = await stock.server.owner(stock.tenant)
    block = owner.transaction()
    await block.start()
    await owner.execute(f"update stock.sku_node set safety = 1 where sku_id = {_SKU}", cup)
    flight = asyncio.create_task(straight(stock, order((cup, 1, "N1"))))
    await end_who_waits()
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, Refusal)):
        await flight
    await block.rollback()
    await owner.close()
    await server.close()
    assert await _counted(stock) == before
    assert await stock.available(cup) == [9]
