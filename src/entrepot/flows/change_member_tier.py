"""Give a customer a member tier, which discounts the base price of quotes from then on."""

from uuid import UUID

from entrepot.access.flow import flow
from entrepot.carriers import tariff_queries
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.kernel.refusals import FieldError, Invalid
from entrepot.parties import tiers
from entrepot.parties.tiers import MemberTier, NewTier
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx


@flow(permission="customers:change", callers=(ApiKey, Staff))
async def change_member_tier(tx: Tx, *, customer_id: UUID, new: NewTier) -> MemberTier:
    """The tier. Raises NotFound, or Invalid (`unknown_tier`) for one that the rules do not have."""
    if new.tier is not None and new.tier not in await tariff_queries.list_tiers(tx):
        error = FieldError("tier", "unknown_tier", "no such member tier")
        raise Invalid("there is no such tier", errors=[error])
    if await tiers.change_member_tier(tx, customer_id=customer_id, tier=new.tier):
        await put_audit(
            tx,
            verb="change_member_tier",
            subject="customer",
            subject_id=customer_id,
            facts={"tier": new.tier},
        )
    return MemberTier(new.tier)
