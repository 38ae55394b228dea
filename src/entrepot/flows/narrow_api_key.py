"""Take rights from a program's key."""

from entrepot.access import keys
from entrepot.access.flow import flow
from entrepot.access.types import ApiKeyRecord
from entrepot.kernel.principals import ApiKey, Operator, Staff
from entrepot.platform.database import Tx
from entrepot.platform.secrets import SealingKey


@flow(permission="keys:revoke", callers=(Staff, ApiKey, Operator))
async def narrow_api_key(
    tx: Tx, *, key_id: str, scopes: list[str], warehouses: list[str] | None, sealing: SealingKey
) -> ApiKeyRecord:
    """The key with fewer scopes or warehouses; statements under its old rights are refused."""
    return await keys.narrow_key(
        tx, key_id=key_id, scopes=scopes, warehouses=warehouses, sealing=sealing
    )
