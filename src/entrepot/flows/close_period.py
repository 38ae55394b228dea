"""Close a period: freeze balances."""

from entrepot.access.flow import steady_flow
from entrepot.kernel.principals import ApiKey, Operator, Staff
from entrepot.parcels.scope import needs_all_warehouses
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx
from entrepot.reconciliation import periods
from entrepot.reconciliation.types import Closing, Period


@steady_flow(permission="reconciliation:close", callers=(ApiKey, Operator, Staff))
async def close_period(tx: Tx, *, new: Closing) -> Period:
    """The period, closed. Raises Forbidden for who works in some warehouses only; see
    `reconciliation.periods.close` for the other refusals."""
    needs_all_warehouses(tx.principal)
    period = await periods.close(tx, new=new)
    await put_audit(
        tx, verb="close_period", subject="stock_period", subject_id=None,
        facts={"code": period.code, "rows": period.rows, "unexplained": period.unexplained},
    )  # fmt: skip
    return period
