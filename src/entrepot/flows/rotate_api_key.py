"""Replace a program's key by a new one, with a time in which both are good."""

from datetime import timedelta

from entrepot.access import keys
from entrepot.access.flow import flow
from entrepot.access.types import ApiKeyRecord, KeyMaterial
from entrepot.kernel.principals import ApiKey, Operator, Staff
from entrepot.platform.database import Tx
from entrepot.platform.secrets import SealingKey


@flow(permission="keys:create", callers=(Staff, ApiKey, Operator))
async def rotate_api_key(
    tx: Tx,
    *,
    key_id: str,
    material: KeyMaterial,
    sealing: SealingKey,
    overlap: timedelta = keys.OVERLAP,
) -> ApiKeyRecord:
    """The new key of the same credential and rights; `key_id` ends after `overlap`."""
    return await keys.rotate_key(
        tx, key_id=key_id, material=material, sealing=sealing, overlap=overlap
    )
