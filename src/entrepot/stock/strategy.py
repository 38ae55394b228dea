"""What stock is for: pools by node and channel, lots, owners, age, promotions, pace.

Levels say how much there is; these say why so much of it may be sold to whom. The router reads
them as attributes of stock (`routing_attributes`).
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

import msgspec

from entrepot.kernel.ids import new_id
from entrepot.kernel.refusals import NotFound
from entrepot.platform.database import ReadTx, Tx
from entrepot.platform.sqlfile import load_sql
from entrepot.stock.queries import channel_named
from entrepot.stock.scope import warehouses_of
from entrepot.stock.types import Promotion

SQL = load_sql(__file__, "strategy.sql")
SOON_DAYS = 30
"""Goods with fewer days left are shown as expiring."""
SLOW_COVER_DAYS = 90
"""What would last longer than this at its pace, and has lain as long, moves slowly."""
PACE_HOURS = 24
_LOTS_SHOWN = 200
Attributes = dict[str, str | int | bool | list[str]]


class Pool(msgspec.Struct, frozen=True):
    """A SKU at one node, by purpose. `promo` and `expiring` (within `SOON_DAYS`) are parts of
    what lies there in order; `held` is damaged or on hold; `others` belongs to somebody else."""

    sku: str
    node: str
    on_hand: int
    sellable: int
    reserved: int
    safety: int
    protected: int
    promo: int
    expiring: int
    quarantine: int
    held: int
    expired: int
    others: int


class ChannelPool(msgspec.Struct, frozen=True):
    """What a node has for a channel. `lasting`: of it, what lasts `min_life_days` more and is not
    promised to those who ask for as much; None where the channel asks for nothing."""

    sku: str
    channel: str
    node: str
    priority: int
    pooled: int
    min_life_days: int
    lasting: int | None


class LotOnHand(msgspec.Struct, frozen=True):
    """A lot of which something lies somewhere in sight."""

    sku: str
    lot: str
    expires_on: date | None
    days_left: int | None
    promo_from: datetime | None
    promo_until: datetime | None
    on_hand: int

    @property
    def expires_soon(self) -> bool:
        """Whether it ends within `SOON_DAYS`."""
        return self.days_left is not None and self.days_left < SOON_DAYS


class Owned(msgspec.Struct, frozen=True):
    """Whose goods lie there: `owner` is empty for our own."""

    sku: str
    owner: str
    on_hand: int


class Strategy(msgspec.Struct, frozen=True):
    """What the stock of some SKUs is for."""

    pools: list[Pool]
    channels: list[ChannelPool]
    lots: list[LotOnHand]
    owners: list[Owned]


class Ageing(msgspec.Struct, frozen=True):
    """How long the units of a SKU at a node have lain there, counted from the ledger: what is
    there is what came last, lot by lot. `to_60` are those of 31 to 60 days, and so on."""

    sku: str
    node: str
    units: int
    to_30: int
    to_60: int
    to_90: int
    to_180: int
    older: int
    oldest_days: int
    average_days: int


class _AttributeRow(msgspec.Struct, frozen=True):
    sku: str
    node: str
    life_days: int | None
    age_days: int | None
    promo: bool
    sold_90: int
    best_seller: bool
    units: int | None
    lasting: int | None


class _Lot(msgspec.Struct, frozen=True):
    sku: str
    lot: str


class _Sent(msgspec.Struct, frozen=True):
    node: str
    shipments: int
    units: int
    grams: int


class RoutingStock(msgspec.Struct, frozen=True):
    """For the router, by node and SKU: attributes that rules may ask for, and where the channel's
    goods must last (`min_life_days`) how many units do."""

    attributes: dict[str, dict[str, Attributes]]
    lasting: dict[tuple[str, str], int]


async def get_strategy(tx: ReadTx, *, skus: Sequence[str]) -> Strategy:
    """Pools, lots and owners of these SKUs in the caller's sight."""
    named, scope = list(skus), warehouses_of(tx.principal)
    return Strategy(
        await tx.list(SQL["list_pools"], Pool, skus=named, now=tx.now, soon_days=SOON_DAYS,
                      warehouses=scope),
        await tx.list(SQL["list_channel_pools"], ChannelPool, skus=named, now=tx.now,
                      warehouses=scope),
        await tx.list(SQL["list_lots"], LotOnHand, skus=named, now=tx.now, warehouses=scope,
                      most=_LOTS_SHOWN),
        await tx.list(SQL["list_owners"], Owned, skus=named, warehouses=scope),
    )  # fmt: skip


async def list_ageing(
    tx: ReadTx, *, skus: Sequence[str] | None, node: str | None, after: str, most: int
) -> list[Ageing]:
    """By SKU behind `after` and node, of at most `most` SKUs that lie somewhere in sight."""
    return await tx.list(
        SQL["list_ageing"], Ageing, skus=None if skus is None else list(skus), node=node,
        after=after, most=most, now=tx.now, warehouses=warehouses_of(tx.principal),
    )  # fmt: skip


async def routing_attributes(tx: ReadTx, *, skus: Sequence[str], channel: str) -> RoutingStock:
    """What rules may ask of the stock in a channel's nodes.

    `life_days`: days left of what expires first; `age_days`: since the oldest of it came;
    `promo`: some of it is promoted just now; `sold_90`: units sold there in 90 days (counted
    once a day); `best_seller`; `slow`: lies longer than `SLOW_COVER_DAYS` and would last as long.
    Goods that do not last long enough for the channel are not looked at.
    """
    rows = await tx.list(
        SQL["list_routing_attributes"],
        _AttributeRow,
        skus=list(skus),
        channel_id=await channel_named(tx, code=channel),
        now=tx.now,
        warehouses=warehouses_of(tx.principal),
    )
    found = RoutingStock({}, {})
    for row in rows:
        found.attributes.setdefault(row.node, {})[row.sku] = _attributes(row)
        if row.lasting is not None:
            found.lasting[row.node, row.sku] = row.lasting
    return found


def _attributes(row: _AttributeRow) -> Attributes:
    made: Attributes = {
        "promo": row.promo, "sold_90": row.sold_90, "best_seller": row.best_seller,
    }  # fmt: skip
    if row.life_days is not None:
        made["life_days"] = row.life_days
    if row.age_days is not None and row.units:
        made["age_days"] = row.age_days
        covered = row.units * 90 > row.sold_90 * SLOW_COVER_DAYS
        made["slow"] = covered and row.age_days > SLOW_COVER_DAYS
    return made


async def list_sent(tx: ReadTx, *, since: Mapping[str, datetime]) -> dict[tuple[str, str], int]:
    """What left these nodes for customers since a moment, by (node, shipments | units | grams)."""
    rows = await tx.list(
        SQL["list_sent"], _Sent, nodes=list(since), starts=list(since.values()),
        first_id=new_id(min(since.values()) - timedelta(seconds=1)),
    )  # fmt: skip
    return {
        (row.node, counts): amount
        for row in rows
        for counts, amount in (
            ("shipments", row.shipments), ("units", row.units), ("grams", row.grams),
        )
    }  # fmt: skip


async def pace_is_old(tx: ReadTx) -> bool:
    """Whether something was ever sold and nobody counted within `PACE_HOURS`."""
    before = tx.now - timedelta(hours=PACE_HOURS)
    return await tx.value(SQL["pace_is_old"], before=before) is True


async def count_pace(tx: Tx) -> int:
    """Count anew how fast everything sells; how many (SKU, node) pairs sold something."""
    counted = await tx.value(SQL["count_pace"], now=tx.now)
    assert isinstance(counted, int)
    return counted


async def set_min_life(tx: Tx, *, channel_id: UUID, min_life_days: int) -> None:
    """How many days the goods of a channel must still last."""
    await tx.execute(SQL["set_min_life"], channel_id=channel_id, min_life_days=min_life_days)


async def set_promotions(tx: Tx, *, promotions: Sequence[Promotion]) -> None:
    """Promote lots from one moment until another, or (None) no longer.

    Raises NotFound naming the first lot that is not there.
    """
    ordered = sorted(promotions, key=lambda one: (one.sku, one.lot))
    found = await tx.list(
        SQL["set_promotions"],
        _Lot,
        skus=[one.sku for one in ordered],
        lots=[one.lot for one in ordered],
        froms=[one.starts_at for one in ordered],
        untils=[one.ends_at for one in ordered],
    )
    there = {(row.sku, row.lot) for row in found}
    missing = next((one for one in ordered if (one.sku, one.lot) not in there), None)
    if missing is not None:
        raise NotFound("there is no such lot", code="unknown_lot", sku=missing.sku, lot=missing.lot)
