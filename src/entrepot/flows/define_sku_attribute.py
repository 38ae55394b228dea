"""Define an extra attribute of SKUs: a name, a type, allowed values; no migration."""

from entrepot.access.flow import flow
from entrepot.catalog import operations
from entrepot.kernel.attributes import Attribute, NewAttribute
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx


@flow(permission="catalog:change", callers=(Staff, ApiKey))
async def define_sku_attribute(tx: Tx, *, new: NewAttribute) -> Attribute:
    """The attribute. Once more with more allowed values widens it."""
    attribute = await operations.define_attribute(tx, new=new)
    await put_audit(
        tx,
        verb="define_sku_attribute",
        subject="catalog",
        subject_id=None,
        facts={"attribute": attribute.name, "type": attribute.type},
    )
    return attribute
