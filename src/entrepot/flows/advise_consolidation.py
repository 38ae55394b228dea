"""What the adviser thinks of a draft: together, in parts, or later, and what that saves."""

from uuid import UUID

from entrepot.access.flow import query
from entrepot.consolidation import queries
from entrepot.consolidation.advising import advice_for
from entrepot.consolidation.types import Advised
from entrepot.kernel.principals import ApiKey, Shopper, Staff
from entrepot.platform.database import ReadTx


@query(permission="consolidations:read", callers=(ApiKey, Shopper, Staff))
async def advise_consolidation(tx: ReadTx, *, consolidation_id: UUID) -> Advised:
    """Exact up to eight parcels; `unknown` when the draft cannot be priced or is too large."""
    head = await queries.get_head(tx, consolidation_id=consolidation_id)
    return await advice_for(tx, head)
