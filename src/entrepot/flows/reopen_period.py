"""Open the last closed period again."""

from entrepot.access.flow import flow
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.parcels.scope import needs_all_warehouses
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx
from entrepot.reconciliation import periods
from entrepot.reconciliation.types import Period


@flow(permission="reconciliation:close", callers=(ApiKey, Staff))
async def reopen_period(tx: Tx, *, code: str) -> Period:
    """The period, open. Raises Forbidden for who works in some warehouses only; see
    `reconciliation.periods.reopen` for the other refusals."""
    needs_all_warehouses(tx.principal)
    period = await periods.reopen(tx, code=code)
    await put_audit(
        tx, verb="reopen_period", subject="stock_period", subject_id=None, facts={"code": code}
    )
    return period
