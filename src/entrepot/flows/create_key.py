"""Create an API key. Its secret is made by the entrance, shown once, and kept only sealed."""

from entrepot.access.flow import flow
from entrepot.access.keys import add_key
from entrepot.access.types import ApiKeyRecord, KeyMaterial, NewApiKey
from entrepot.kernel.principals import ApiKey, Operator, Staff
from entrepot.platform.database import Tx
from entrepot.platform.secrets import SealingKey


@flow(permission="keys:create", callers=(Staff, ApiKey, Operator))
async def create_key(
    tx: Tx, *, new: NewApiKey, material: KeyMaterial, sealing: SealingKey
) -> ApiKeyRecord:
    """The key without its secret. Raises Forbidden for a key stronger than its maker."""
    return await add_key(tx, new=new, material=material, sealing=sealing)
