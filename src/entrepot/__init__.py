"""Entrepot: parcel forwarding and multi-warehouse fulfilment on one multi-tenant platform.

The house has floors; imports only go down. `docs/HOUSE.md` is the map.
"""

__version__ = "0.1.0"
