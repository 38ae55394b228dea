"""Replace a channel: its names, its pool with priorities, its home group."""

from entrepot.access.flow import flow
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.nodes import channels
from entrepot.nodes.channel_types import Channel, ChannelDocument
from entrepot.parcels.scope import needs_all_warehouses
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx
from entrepot.stock import operations as stock


@flow(permission="channels:change", callers=(Staff, ApiKey))
async def replace_channel(tx: Tx, *, code: str, document: ChannelDocument) -> Channel:
    """The channel as it is now."""
    needs_all_warehouses(tx.principal)
    await stock.lock_pool(tx, channel=code, nodes=[one.node for one in document.pool])
    channel = await channels.replace_channel(tx, code=code, document=document)
    await stock.count_pools(tx, channel_id=channel.id)
    await put_audit(
        tx,
        verb="replace_channel",
        subject="channel",
        subject_id=channel.id,
        facts={"code": code, "version": channel.version, "nodes": len(channel.pool)},
    )
    return channel
