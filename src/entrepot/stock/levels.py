"""Levels of SKUs as people look at them: in all, by node, by channel, by status."""

import msgspec

from entrepot.platform.database import ReadTx
from entrepot.platform.sqlfile import load_sql
from entrepot.stock.scope import warehouses_of

SQL = load_sql(__file__, "levels.sql")


class SkuLevel(msgspec.Struct, frozen=True):
    """A SKU over all nodes in sight. `open` is what anybody may still be promised: on hand less
    reserved, blocked, safety and protected, node by node and never below zero."""

    sku: str
    names: bytes
    on_hand: int
    reserved: int
    blocked: int
    safety: int
    protected: int
    inbound: int
    backordered: int
    open: int
    nodes: int

    @property
    def called(self) -> dict[str, str]:
        """Its names by language."""
        return msgspec.json.decode(self.names, type=dict[str, str])


class NodeLevel(msgspec.Struct, frozen=True):
    """A SKU at one node; see `SkuLevel`."""

    node: str
    on_hand: int
    reserved: int
    blocked: int
    safety: int
    protected: int
    inbound: int
    backordered: int
    open: int


class ChannelLevel(msgspec.Struct, frozen=True):
    """What a channel shows: the pool of its nodes less the buffer, within its quota."""

    channel: str
    pooled: int
    buffer: int
    quota: int | None
    quota_used: int
    shown: int
    uses_protected: bool


class StatusLevel(msgspec.Struct, frozen=True):
    """How much lies in a status."""

    status: str
    on_hand: int


class KitLevel(msgspec.Struct, frozen=True):
    """How many of a kit a channel may sell: what its scarcest part allows."""

    channel: str
    shown: int


class SkuStock(msgspec.Struct, frozen=True):
    """Everything about the stock of one SKU but its places and its history; `kits` are levels of
    the kit that it is, if it is one."""

    nodes: list[NodeLevel]
    channels: list[ChannelLevel]
    statuses: list[StatusLevel]
    kits: list[KitLevel]


async def list_levels(
    tx: ReadTx, *, search: str | None, node: str | None, after: str, most: int
) -> list[SkuLevel]:
    """By SKU code, behind `after`; `search` is the beginning of a code."""
    pattern = None
    if search is not None:
        pattern = search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return await tx.list(
        SQL["list_levels"],
        SkuLevel,
        search=pattern,
        node=node,
        after=after,
        most=most,
        warehouses=warehouses_of(tx.principal),
    )


async def get_sku_stock(tx: ReadTx, *, sku: str) -> SkuStock:
    """Levels of one SKU; all empty for what is unknown or never lay in the caller's sight."""
    scope = warehouses_of(tx.principal)
    return SkuStock(
        await tx.list(SQL["list_node_levels"], NodeLevel, sku=sku, warehouses=scope),
        await tx.list(SQL["list_channel_levels"], ChannelLevel, sku=sku, warehouses=scope),
        await tx.list(SQL["list_status_levels"], StatusLevel, sku=sku, warehouses=scope),
        await tx.list(SQL["list_kit_levels"], KitLevel, sku=sku, warehouses=scope),
    )
