"""Define an extra attribute of nodes: a name, a type, allowed values; no migration."""

from entrepot.access.flow import flow
from entrepot.kernel.attributes import Attribute, NewAttribute
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.nodes import working
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx


@flow(permission="nodes:change", callers=(Staff, ApiKey))
async def define_node_attribute(tx: Tx, *, new: NewAttribute) -> Attribute:
    """The attribute. Once more with more allowed values widens it."""
    attribute = await working.define_attribute(tx, new=new)
    await put_audit(
        tx,
        verb="define_node_attribute",
        subject="node",
        subject_id=None,
        facts={"attribute": attribute.name, "type": attribute.type},
    )
    return attribute
