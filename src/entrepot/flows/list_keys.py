"""List API keys, never their secrets."""

from entrepot.access import queries
from entrepot.access.flow import query
from entrepot.access.types import ApiKeyRecord
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.database import ReadTx


@query(permission="keys:read", callers=(Staff, ApiKey))
async def list_keys(tx: ReadTx, *, revoked: bool = False) -> list[ApiKeyRecord]:
    """All keys, oldest first; revoked ones only when asked for."""
    return await queries.list_keys(tx, revoked=revoked)
