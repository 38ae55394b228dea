"""Pick short: what the list says is not in the bin."""

from uuid import UUID

from entrepot.access.flow import flow
from entrepot.counts import operations as counts
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx
from entrepot.stock.picking import operations as picking
from entrepot.stock.picking import queries as picking_views
from entrepot.stock.picking.types import MissedGoods, ShortPick


@flow(permission="stock:pick", callers=(ApiKey, Staff))
async def pick_short(tx: Tx, *, reservation_id: UUID, goods: MissedGoods) -> ShortPick:
    """The goods are on hold, a count of them in this bin is opened (unless one is), and the line
    comes from other bins, another node, or waits. See `stock.picking.miss` for the refusals."""
    short = await picking.miss(tx, reservation_id=reservation_id, goods=goods)
    sheet = counts.NewSheet("stock", goods.node, short.bin_id, short.sku_id, "rejection")
    count_id = await counts.open_count(tx, sheet=sheet)
    await put_audit(
        tx, verb="pick_short", subject="reservation", subject_id=reservation_id,
        facts={"node": goods.node, "bin": goods.bin, "units": short.held},
    )  # fmt: skip
    if count_id is not None:
        await put_audit(
            tx, verb="open_count", subject="count", subject_id=count_id,
            facts={"rule": "rejection"},
        )  # fmt: skip
    left = await picking_views.get_pick_list(tx, reservation_id=reservation_id, node=goods.node)
    return ShortPick(
        short.held, short.reallocated, short.backordered, count_id, left if left.lines else None,
        left.taken_over,
    )  # fmt: skip
