"""Create bins: one by one or a whole zone of equal ones."""

from entrepot.access.flow import flow
from entrepot.kernel.principals import ApiKey, Operator, Staff
from entrepot.nodes import operations
from entrepot.nodes.types import CreatedBins, NewBins
from entrepot.parcels.scope import scope_of
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx


@flow(permission="bins:create", callers=(Staff, ApiKey, Operator))
async def create_bins(tx: Tx, *, node: str, new: NewBins) -> CreatedBins:
    """How many are new. Bins that the node has already stay as they are."""
    created = await operations.create_bins(
        tx, node=node, new=new, warehouses=scope_of(tx.principal).warehouses
    )
    await put_audit(
        tx,
        verb="create_bins",
        subject="node",
        subject_id=None,
        facts={"code": node, "created": created.created},
    )
    return created
