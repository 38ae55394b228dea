"""Get what a node lets pass at its dock."""

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.database import ReadTx
from entrepot.stock.arrivals import queries as arrivals_reads
from entrepot.stock.arrivals.types import ReceivingRule


@query(permission="stock:read", callers=(Staff, ApiKey))
async def get_receiving_rule(tx: ReadTx, *, node: str) -> ReceivingRule:
    """The rule; NotFound outside the caller's warehouses."""
    return (await arrivals_reads.get_dock(tx, node=node)).rule
