"""Create a key for a program."""

from entrepot.access import keys
from entrepot.access.flow import flow
from entrepot.access.types import ApiKeyRecord, KeyMaterial, NewApiKey
from entrepot.kernel.principals import ApiKey, Operator, Staff
from entrepot.platform.database import Tx
from entrepot.platform.secrets import SealingKey


@flow(permission="keys:create", callers=(Staff, ApiKey, Operator))
async def create_api_key(
    tx: Tx, *, new: NewApiKey, material: KeyMaterial, sealing: SealingKey
) -> ApiKeyRecord:
    """The key without its secret, which only the maker of `material` can show, once.

    A repeated request answers with the first key: show the secret only when
    `answer.key_id == material.key_id`.
    """
    return await keys.add_key(tx, new=new, material=material, sealing=sealing)
