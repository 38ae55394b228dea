"""Create a channel: a shop or marketplace with the pool of nodes it sells from."""

from entrepot.access.flow import flow
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.nodes import channels
from entrepot.nodes.channel_types import Channel, NewChannel
from entrepot.parcels.scope import needs_all_warehouses
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx
from entrepot.stock import operations as stock


@flow(permission="channels:change", callers=(Staff, ApiKey))
async def create_channel(tx: Tx, *, new: NewChannel) -> Channel:
    """The channel. Raises Conflict for a code in use or a pool that groups forbid."""
    needs_all_warehouses(tx.principal)
    channel = await channels.create_channel(tx, new=new)
    await stock.count_pools(tx, channel_id=channel.id)
    await put_audit(
        tx,
        verb="create_channel",
        subject="channel",
        subject_id=channel.id,
        facts={"code": channel.code, "nodes": len(channel.pool)},
    )
    return channel
