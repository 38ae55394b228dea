"""The member tier of a customer: a code of the tenant's own rules, none at first."""

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from entrepot.kernel.ids import new_id
from entrepot.kernel.refusals import NotFound
from entrepot.platform.database import ReadTx, Tx
from entrepot.platform.sqlfile import load_sql

SQL = load_sql(__file__, "tiers.sql")


class NewTier(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The tier that a customer shall have; None: no tier."""

    tier: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,40}$(?!\n)")] | None


class MemberTier(msgspec.Struct, frozen=True):
    """A customer's tier."""

    tier: str | None


async def get_member_tier(
    tx: ReadTx, *, customer_id: UUID, scope_customer_id: UUID | None
) -> str | None:
    """The tier of a customer; NotFound (`unknown_customer`) for unknown and foreign ones."""
    found = await tx.find(
        SQL["find_member_tier"],
        MemberTier,
        customer_id=customer_id,
        scope_customer_id=scope_customer_id,
    )
    if found is None:
        raise NotFound("there is no such customer", code="unknown_customer")
    return found.tier


async def change_member_tier(tx: Tx, *, customer_id: UUID, tier: str | None) -> bool:
    """Give a customer a tier; whether it is another one than before. Raises NotFound."""
    before = await get_member_tier(tx, customer_id=customer_id, scope_customer_id=None)
    sequence = await tx.value(SQL["change_member_tier"], customer_id=customer_id, tier=tier)
    if not isinstance(sequence, int):
        return False
    await tx.value(
        SQL["put_event"],
        event_id=new_id(tx.now),
        customer_id=customer_id,
        sequence=sequence,
        now=tx.now,
        actor=tx.principal.actor,
        body=msgspec.json.encode({"customer_id": customer_id, "before": before, "tier": tier}),
    )
    return True
