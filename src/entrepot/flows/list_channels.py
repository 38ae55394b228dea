"""List the channels and their pools."""

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.nodes import channels
from entrepot.nodes.channel_types import Channel
from entrepot.parcels.scope import scope_of
from entrepot.platform.database import ReadTx


@query(permission="channels:read", callers=(ApiKey, Staff))
async def list_channels(tx: ReadTx) -> list[Channel]:
    """Channels by code; of their pools, the nodes that the caller works with."""
    return await channels.list_channels(tx, warehouses=scope_of(tx.principal).warehouses)
