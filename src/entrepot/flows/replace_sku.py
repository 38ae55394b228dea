"""Replace a SKU: everything but its code and base unit as the new document says."""

import msgspec

from entrepot.access.flow import flow
from entrepot.catalog import operations
from entrepot.catalog.types import NewSku, Sku, SkuDocument
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx


@flow(permission="catalog:change", callers=(Staff, ApiKey))
async def replace_sku(tx: Tx, *, code: str, document: SkuDocument) -> Sku:
    """The SKU as it is now. Sending what is there already changes nothing."""
    new = NewSku(code=code, **msgspec.structs.asdict(document))
    sku = await operations.replace_sku(tx, new=new)
    await put_audit(
        tx,
        verb="replace_sku",
        subject="sku",
        subject_id=sku.id,
        facts={"sku": sku.code, "version": sku.version},
    )
    return sku
