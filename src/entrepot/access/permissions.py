"""Permissions and roles: the closed list of what can be allowed, and who may do it by trade.

A permission is `resource:verb`. Each flow and query names one of this list; a name that is not
here stops the program at import, and a name that nothing asks for is not here. Keys keep their
scopes by name: one that has gone gives nothing and is in nobody's way.

What a shopper may do concerns one customer's own things only: the kind of the caller narrows it,
not the name. Roles are those of a forwarder's and a merchant's daily work.
"""

from collections.abc import Iterable

PERMISSIONS = frozenset({
    "arrivals:create",
    "audit:read",
    "bins:create", "bins:read",
    "catalog:change", "catalog:read",
    "channels:change", "channels:read",
    "consolidations:change", "consolidations:create", "consolidations:read",
    "counts:approve", "counts:count", "counts:create", "counts:read",
    "customers:change", "customers:create", "customers:read", "customers:read_contact",
    "feeds:post", "feeds:read",
    "keys:create", "keys:read", "keys:revoke",
    "nodes:change", "nodes:create", "nodes:read",
    "parcels:assign", "parcels:put_away", "parcels:read", "parcels:receive",
    "people:change", "people:create", "people:read",
    "pre_alerts:create",
    "quotes:create", "quotes:read",
    "rate_cards:change", "rate_cards:read",
    "reconciliation:close", "reconciliation:read", "reconciliation:repair",
    "reservations:change", "reservations:create", "reservations:read",
    "settings:change", "settings:read",
    "stock:adjust", "stock:approve", "stock:move", "stock:pick", "stock:read", "stock:receive",
})  # fmt: skip
"""Everything a tenant can allow."""

VISITOR_PERMISSIONS = frozenset({"calculator:use"})
"""What nobody-yet may do: ask a price. No role and no key holds it."""

SHOPPER_PERMISSIONS = frozenset({
    "consolidations:change", "consolidations:create", "consolidations:read", "customers:read",
    "nodes:read", "parcels:read", "pre_alerts:create", "quotes:create", "quotes:read",
    "settings:read",
})  # fmt: skip
"""What a customer's log-in may do with the customer's own things."""

_SEES = frozenset({
    "bins:read", "catalog:read", "consolidations:read", "counts:read", "customers:read",
    "nodes:read", "parcels:read", "settings:read", "stock:read",
})  # fmt: skip
"""What everybody who works in a warehouse sees: suite codes and places, no phone, no price."""

ROLES: dict[str, frozenset[str]] = {
    "owner": PERMISSIONS,
    "manager": _SEES | {
        "arrivals:create", "bins:create", "catalog:change", "channels:change", "channels:read",
        "consolidations:change", "consolidations:create", "counts:approve", "counts:count",
        "counts:create", "customers:change", "customers:create", "customers:read_contact",
        "feeds:read", "nodes:change", "parcels:assign", "parcels:put_away", "parcels:receive",
        "people:create", "people:read", "pre_alerts:create", "quotes:create", "quotes:read",
        "rate_cards:change", "rate_cards:read", "reconciliation:read", "reconciliation:repair",
        "reservations:change", "reservations:create", "reservations:read", "stock:adjust",
        "stock:approve", "stock:move", "stock:pick", "stock:receive",
    },
    "receiver": _SEES | {"counts:count", "parcels:receive", "stock:receive"},
    "inspector": _SEES | {"parcels:receive", "stock:receive"},
    "putaway": _SEES | {"counts:count", "parcels:put_away", "stock:move"},
    "packer": _SEES | {"counts:count", "stock:pick"},
    "shipper": _SEES,
    "support": _SEES | {
        "channels:read", "consolidations:change", "consolidations:create", "customers:change",
        "customers:create", "customers:read_contact", "parcels:assign", "pre_alerts:create",
        "quotes:create", "quotes:read", "rate_cards:read", "reservations:read",
    },
    "finance": _SEES | {
        "channels:read", "customers:read_contact", "feeds:read", "quotes:create", "quotes:read",
        "rate_cards:change", "rate_cards:read", "reconciliation:close", "reconciliation:read",
        "reservations:read",
    },
    "auditor": _SEES | {
        "audit:read", "channels:read", "feeds:read", "keys:read", "people:read", "quotes:read",
        "rate_cards:read", "reconciliation:read", "reservations:read",
    },
}  # fmt: skip
"""The staff roles and what each may do. The one role of a customer's log-in is no staff role."""


def permissions_of(roles: Iterable[str]) -> frozenset[str]:
    """All that these roles allow together. Raises KeyError for a role that does not exist."""
    return frozenset().union(*(ROLES[role] for role in roles))


def declarable(name: str) -> bool:
    """Whether a flow or query may name this permission."""
    return name in PERMISSIONS or name in VISITOR_PERMISSIONS


def within(
    wanted: frozenset[str],
    wanted_warehouses: frozenset[str] | None,
    held: frozenset[str],
    held_warehouses: frozenset[str] | None,
) -> bool:
    """Whether a grant stays inside what the granter holds; None means every warehouse."""
    if not wanted <= held:
        return False
    if held_warehouses is None:
        return True
    return wanted_warehouses is not None and wanted_warehouses <= held_warehouses
