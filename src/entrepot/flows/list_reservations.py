"""What is held, and for whom."""

from uuid import UUID

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.database import ReadTx
from entrepot.stock import reads
from entrepot.stock.types import Reservation, State


@query(permission="reservations:read", callers=(ApiKey, Staff))
async def list_reservations(
    tx: ReadTx,
    *,
    reference: str | None = None,
    channel: str | None = None,
    state: State | None = None,
    before: UUID | None = None,
    most: int = 200,
) -> list[Reservation]:
    """Newest first, live and ended ones."""
    return await reads.list_reservations(
        tx, reference=reference, channel=channel, state=state, before=before, most=most
    )
