"""Compare the books with all their copies."""

from entrepot.access.flow import steady_flow
from entrepot.kernel.principals import ApiKey, Job, Operator, Staff
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx
from entrepot.reconciliation import operations
from entrepot.reconciliation.types import NewRun, Run


@steady_flow(permission="reconciliation:read", callers=(ApiKey, Job, Operator, Staff))
async def reconcile(tx: Tx, *, new: NewRun) -> Run:
    """What the run found. It changes no stock; see `reconciliation.operations.run`."""
    made = await operations.run(tx, mode=new.mode)
    await put_audit(
        tx, verb="reconcile", subject="reconciliation", subject_id=made.id,
        facts={"mode": made.mode, "found": made.found},
    )  # fmt: skip
    return made
