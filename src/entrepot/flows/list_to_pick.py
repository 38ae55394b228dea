"""Reservations with something to fetch at a node."""

from uuid import UUID

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.database import ReadTx
from entrepot.stock.picking import queries as picking_views
from entrepot.stock.picking.types import PickSummary


@query(permission="stock:pick", callers=(ApiKey, Staff))
async def list_to_pick(
    tx: ReadTx, *, node: str, after: UUID | None = None, most: int, code: str = ""
) -> list[PickSummary]:
    """Firm ones, the oldest first, behind `after`; nothing for a node that is not the caller's.

    With a scanned `code` those that it may stand for: the order's reference, goods that it has to
    fetch, a bin where such goods lie.
    """
    return await picking_views.list_to_pick(tx, node=node, after=after, most=most, code=code)
