"""List the keys of programs."""

from entrepot.access import queries
from entrepot.access.flow import query
from entrepot.access.types import ApiKeyRecord
from entrepot.kernel.principals import ApiKey, Operator, Staff
from entrepot.platform.database import ReadTx


@query(permission="keys:read", callers=(Staff, ApiKey, Operator))
async def list_api_keys(tx: ReadTx, *, revoked: bool = False) -> list[ApiKeyRecord]:
    """All keys without their secrets, oldest first; revoked ones only when asked for."""
    return await queries.list_keys(tx, revoked=revoked)
