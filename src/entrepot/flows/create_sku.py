"""Create a SKU: what is sold and stored, with its codes, packs and parts."""

from entrepot.access.flow import flow
from entrepot.catalog import operations
from entrepot.catalog.types import NewSku, Sku
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx


@flow(permission="catalog:change", callers=(Staff, ApiKey))
async def create_sku(tx: Tx, *, new: NewSku) -> Sku:
    """The SKU. Raises Conflict for a code in use, Invalid naming all that is wrong."""
    sku = await operations.create_sku(tx, new=new)
    await put_audit(
        tx, verb="create_sku", subject="sku", subject_id=sku.id, facts={"sku": sku.code}
    )
    return sku
