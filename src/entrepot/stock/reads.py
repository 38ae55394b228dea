"""Lists for programs: reservations, and levels as they were set."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from entrepot.platform.database import ReadTx
from entrepot.platform.sqlfile import load_sql
from entrepot.stock.queries import Body, channel_named
from entrepot.stock.scope import warehouses_of
from entrepot.stock.types import Reservation, State

SQL = load_sql(__file__, "reads.sql")


class LevelSet(msgspec.Struct, frozen=True):
    """What was set for a SKU at a node, in base units; `PUT /stock/levels` takes it as it is.

    `inbound` is what was told by hand, without what ASNs and transfers await.
    """

    sku: str
    node: str
    safety: int
    protected: int
    inbound: int
    sells_inbound: bool
    backorder_extra: int


class ChannelLevelSet(msgspec.Struct, frozen=True):
    """What a channel leaves in its pool (`buffer`), may take in all (`quota`, None: no bound) and
    has taken of it, what is in the pool, and what the channel may sell."""

    sku: str
    buffer: int
    quota: int | None
    quota_used: int
    pooled: int
    available: int


async def list_reservations(
    tx: ReadTx,
    *,
    reference: str | None,
    channel: str | None,
    state: State | None,
    before: UUID | None,
    most: int,
) -> list[Reservation]:
    """Newest first, behind `before`. Callers of some warehouses see those that hold goods there
    only."""
    wanted = {
        "channel": channel, "state": state, "before": before, "most": most,
        "warehouses": warehouses_of(tx.principal),
    }  # fmt: skip
    if reference is None:
        rows = await tx.list(SQL["list_reservations"], Body, **wanted)
    else:
        rows = await tx.list(SQL["list_of_reference"], Body, reference=reference, **wanted)
    return [msgspec.json.decode(row.body, type=Reservation) for row in rows]


async def list_levels(
    tx: ReadTx, *, sku: str | None, node: str | None, behind: Sequence[str], most: int
) -> list[LevelSet]:
    """By SKU and node behind the pair `behind` (two empty texts: from the first)."""
    sku_at, node_at = behind
    return await tx.list(
        SQL["list_levels_set"], LevelSet, sku=sku, node=node, sku_at=sku_at, node_at=node_at,
        most=most, warehouses=warehouses_of(tx.principal),
    )  # fmt: skip


async def list_channel_levels(
    tx: ReadTx, *, channel: str, sku: str | None, after: str, most: int
) -> list[ChannelLevelSet]:
    """By SKU behind `after`. Raises NotFound for an unknown channel."""
    channel_id = await channel_named(tx, code=channel)
    return await tx.list(
        SQL["list_channel_levels_set"], ChannelLevelSet, channel_id=channel_id, sku=sku,
        after=after, most=most,
    )  # fmt: skip
