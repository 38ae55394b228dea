"""What is held, and for whom."""

from uuid import UUID

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.kernel.refusals import FieldError, Invalid
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
    """Newest first; with `reference` the live ones of it. Raises Invalid for those of a reference
    that are over: they are looked up by their ids."""
    if reference is not None and state not in (None, "pending"):
        message = "of a reference the live ones are found"
        raise Invalid(message, errors=[FieldError("state", "bad_value", message)])
    return await reads.list_reservations(
        tx, reference=reference, channel=channel, state=state, before=before, most=most
    )
