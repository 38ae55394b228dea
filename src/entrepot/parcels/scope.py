"""Whose parcels a principal may touch: the predicate that every statement of this room carries."""

from uuid import UUID

import msgspec

from entrepot.kernel.principals import ApiKey, Principal, Shopper, Staff
from entrepot.kernel.refusals import Forbidden


class Scope(msgspec.Struct, frozen=True):
    """`customer_id` narrows to one customer's parcels, `warehouses` to some places; None: all."""

    customer_id: UUID | None
    warehouses: list[str] | None

    @property
    def is_shopper(self) -> bool:
        """Whether answers must hide what concerns the house (who did it, which bin)."""
        return self.customer_id is not None


def scope_of(principal: Principal) -> Scope:
    """The scope of a principal. Whoever is neither person nor key sees the whole tenant."""
    if isinstance(principal, Shopper):
        return Scope(principal.customer_id, None)
    if isinstance(principal, Staff | ApiKey) and principal.warehouses is not None:
        return Scope(None, sorted(principal.warehouses))
    return Scope(None, None)


def needs_all_warehouses(principal: Principal) -> None:
    """Raises Forbidden for whoever works with some warehouses only: this concerns them all."""
    if scope_of(principal).warehouses is not None:
        raise Forbidden("this concerns every warehouse", code="all_warehouses_needed")
