"""What one node has to fetch for a reservation."""

from uuid import UUID

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.database import ReadTx
from entrepot.stock.picking import queries as picking_views
from entrepot.stock.picking.types import PickList


@query(permission="stock:pick", callers=(ApiKey, Staff))
async def get_pick_list(tx: ReadTx, *, reservation_id: UUID, node: str) -> PickList:
    """The list; NotFound when the reservation never had anything at this node, or it is not the
    caller's."""
    return await picking_views.get_pick_list(tx, reservation_id=reservation_id, node=node)
