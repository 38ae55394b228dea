"""Revoke an API key: the next statement it signs is refused by the database."""

from entrepot.access import keys
from entrepot.access.flow import flow
from entrepot.access.types import ApiKeyRecord
from entrepot.kernel.principals import ApiKey, Operator, Staff
from entrepot.platform.database import Tx


@flow(permission="keys:revoke", callers=(Staff, ApiKey, Operator))
async def revoke_key(tx: Tx, *, key_id: str) -> ApiKeyRecord:
    """The key, dead now. Raises NotFound, and Conflict when it was revoked before."""
    return await keys.revoke_key(tx, key_id=key_id)
