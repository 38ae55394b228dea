"""Pick goods for a reservation: out of a bin, into one for packing."""

from uuid import UUID

from entrepot.access.flow import flow
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx
from entrepot.stock.picking import operations as picking
from entrepot.stock.picking import queries as picking_views
from entrepot.stock.picking.types import PickedGoods, PickList


@flow(permission="stock:pick", callers=(ApiKey, Staff))
async def pick_goods(tx: Tx, *, reservation_id: UUID, goods: PickedGoods) -> PickList:
    """What is left to fetch at this node; see `stock.picking.pick` for the refusals. Of two who
    reach for the last unit one gets Conflict `not_there`."""
    units = await picking.pick(tx, reservation_id=reservation_id, goods=goods)
    await put_audit(
        tx, verb="pick_goods", subject="reservation", subject_id=reservation_id,
        facts={"node": goods.node, "bin": goods.bin, "units": units},
    )  # fmt: skip
    return await picking_views.get_pick_list(tx, reservation_id=reservation_id, node=goods.node)
