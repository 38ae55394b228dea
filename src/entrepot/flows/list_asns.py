"""List ASNs: goods that are announced, with their progress."""

from uuid import UUID

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.database import ReadTx
from entrepot.stock.arrivals import queries as arrivals_reads
from entrepot.stock.arrivals.types import AsnState, AsnSummary


@query(permission="stock:read", callers=(Staff, ApiKey))
async def list_asns(
    tx: ReadTx,
    *,
    node: str | None = None,
    state: AsnState | None = None,
    live: bool = False,
    reference: str | None = None,
    after: UUID | None = None,
    most: int = 50,
    code: str = "",
) -> list[AsnSummary]:
    """Newest first, behind `after`; `live`: only those that are not closed.

    With a scanned `code` those that it may stand for: their reference, goods that are announced;
    where receiving is blind, goods that have come.
    """
    return await arrivals_reads.list_asns(
        tx, node=node, state=state, live=live, reference=reference, after=after, most=most,
        code=code,
    )  # fmt: skip
