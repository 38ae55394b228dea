"""A tenant's cartons and rules of joining."""

from entrepot.access.flow import query
from entrepot.consolidation import queries
from entrepot.consolidation.types import Settings
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.database import ReadTx


@query(permission="settings:read", callers=(ApiKey, Staff))
async def get_consolidation_settings(tx: ReadTx) -> Settings:
    """As they are now."""
    return await queries.get_settings(tx)
