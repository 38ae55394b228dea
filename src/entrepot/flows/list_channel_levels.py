"""Buffers and quotas of a channel as they were set."""

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.parcels.scope import needs_all_warehouses
from entrepot.platform.database import ReadTx
from entrepot.stock import reads
from entrepot.stock.reads import ChannelLevelSet


@query(permission="stock:read", callers=(ApiKey, Staff))
async def list_channel_levels(
    tx: ReadTx, *, channel: str, sku: str | None = None, after: str = "", most: int = 200
) -> list[ChannelLevelSet]:
    """By SKU behind `after`; a pool is common to its warehouses, so for who sees them all.

    Raises Forbidden for callers of some warehouses, NotFound for an unknown channel.
    """
    needs_all_warehouses(tx.principal)
    return await reads.list_channel_levels(tx, channel=channel, sku=sku, after=after, most=most)
