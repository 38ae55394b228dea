"""Which warehouses a principal may touch: the predicate that every statement here carries."""

from entrepot.kernel.principals import ApiKey, Principal, Staff


def warehouses_of(principal: Principal) -> list[str] | None:
    """Codes of the nodes in scope; None means every one."""
    if isinstance(principal, Staff | ApiKey) and principal.warehouses is not None:
        return sorted(principal.warehouses)
    return None
