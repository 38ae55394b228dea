"""End a program's key at once."""

from entrepot.access import keys
from entrepot.access.flow import flow
from entrepot.access.types import ApiKeyRecord
from entrepot.kernel.principals import ApiKey, Operator, Staff
from entrepot.platform.database import Tx


@flow(permission="keys:revoke", callers=(Staff, ApiKey, Operator))
async def revoke_api_key(tx: Tx, *, key_id: str) -> ApiKeyRecord:
    """The key as it is now; the next statement that it signs is refused by the database."""
    return await keys.revoke_key(tx, key_id=key_id)
