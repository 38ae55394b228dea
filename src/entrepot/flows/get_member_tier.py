"""A customer's member tier, and the tiers there are."""

from uuid import UUID

import msgspec

from entrepot.access.flow import query
from entrepot.carriers import tariff_queries
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.parties import tiers
from entrepot.platform.database import ReadTx


class TierChoice(msgspec.Struct, frozen=True):
    """The tier that a customer has, None for none, and those of the rules in force."""

    tier: str | None
    tiers: list[str]


@query(permission="customers:read", callers=(ApiKey, Staff))
async def get_member_tier(tx: ReadTx, *, customer_id: UUID) -> TierChoice:
    """As it is now. Raises NotFound (`unknown_customer`)."""
    tier = await tiers.get_member_tier(tx, customer_id=customer_id, scope_customer_id=None)
    return TierChoice(tier, await tariff_queries.list_tiers(tx))
