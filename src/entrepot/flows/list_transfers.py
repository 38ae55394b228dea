"""Transfers between nodes: what is under way, since when, what is overdue."""

from collections.abc import Sequence
from uuid import UUID

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.database import ReadTx
from entrepot.stock.transfers import queries as transfers_views
from entrepot.stock.transfers.types import TransferSummary


@query(permission="stock:read", callers=(ApiKey, Staff))
async def list_transfers(
    tx: ReadTx,
    *,
    states: Sequence[str] | None = None,
    node: str | None = None,
    from_node: str | None = None,
    to_node: str | None = None,
    overdue: bool = False,
    before: UUID | None = None,
    most: int,
    code: str = "",
) -> list[TransferSummary]:
    """Newest first, before `before`; those of which one end is the caller's.

    With a scanned `code` those that it may stand for: their own code, their reference, goods that
    are asked for or under way.
    """
    return await transfers_views.list_transfers(
        tx, states=states, node=node, from_node=from_node, to_node=to_node, overdue=overdue,
        before=before, most=most, code=code,
    )  # fmt: skip
