"""One channel with its pool."""

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.nodes import channels
from entrepot.nodes.channel_types import Channel
from entrepot.parcels.scope import scope_of
from entrepot.platform.database import ReadTx


@query(permission="channels:read", callers=(ApiKey, Staff))
async def get_channel(tx: ReadTx, *, code: str) -> Channel:
    """The channel; of its pool, the nodes that the caller works with. Raises NotFound."""
    return await channels.get_channel(tx, code=code, warehouses=scope_of(tx.principal).warehouses)
