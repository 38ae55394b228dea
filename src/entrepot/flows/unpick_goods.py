"""Put picked goods back."""

from uuid import UUID

from entrepot.access.flow import flow
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx
from entrepot.stock.picking import operations as picking
from entrepot.stock.picking import queries as picking_views
from entrepot.stock.picking.types import PickList, UnpickedGoods


@flow(permission="stock:pick", callers=(ApiKey, Staff))
async def unpick_goods(tx: Tx, *, reservation_id: UUID, goods: UnpickedGoods) -> PickList:
    """What is left to fetch at this node; the goods stay promised to the reservation. Raises
    NotFound, Conflict `wrong_state` or `not_picked`."""
    units = await picking.unpick(tx, reservation_id=reservation_id, goods=goods)
    await put_audit(
        tx, verb="unpick_goods", subject="reservation", subject_id=reservation_id,
        facts={"node": goods.node, "units": units},
    )  # fmt: skip
    return await picking_views.get_pick_list(tx, reservation_id=reservation_id, node=goods.node)
