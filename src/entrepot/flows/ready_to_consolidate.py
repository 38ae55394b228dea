"""What one click would do for a customer, warehouse by warehouse, and which drafts are open."""

from uuid import UUID

from entrepot.access.flow import query
from entrepot.consolidation import queries
from entrepot.consolidation.types import Readiness
from entrepot.kernel.principals import ApiKey, Shopper, Staff
from entrepot.parcels.operations import customer_meant
from entrepot.platform.database import ReadTx


@query(permission="consolidations:read", callers=(ApiKey, Shopper, Staff))
async def ready_to_consolidate(tx: ReadTx, *, customer_id: UUID | None = None) -> Readiness:
    """Warehouses where something could go at once, the fullest first; None: the shopper who
    asks."""
    customer = await customer_meant(tx, customer_id=customer_id, suite_code=None)
    rules = await queries.get_rules(tx)
    candidates = await queries.list_candidates(tx, customer_id=customer.id, warehouse=None)
    here = sorted({one.warehouse for one in candidates if one.warehouse is not None})
    ready = [queries.ready_in(candidates, warehouse=code, rules=rules) for code in here]
    ready.sort(key=lambda place: -len(place.parcels))
    drafts = await queries.list_consolidations(tx, customer_id=customer.id, statuses=["draft"])
    return Readiness(
        ready=tuple(one for one in ready if one.parcels),
        drafts=tuple(drafts),
        destination=await queries.find_last_destination(tx, customer_id=customer.id),
    )
