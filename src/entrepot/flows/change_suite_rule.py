"""Change how the tenant's suite codes look: letters and the first number."""

from entrepot.access.flow import flow
from entrepot.kernel.principals import ApiKey, Operator, Staff
from entrepot.parcels.scope import needs_all_warehouses
from entrepot.parties import operations, queries
from entrepot.parties.types import NewSuiteRule, SuiteRule
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx


@flow(permission="settings:change", callers=(Staff, ApiKey, Operator))
async def change_suite_rule(tx: Tx, *, new: NewSuiteRule) -> SuiteRule:
    """The rule for codes made from now on; codes that were given stay as they are."""
    needs_all_warehouses(tx.principal)
    await operations.set_suite_rule(tx, prefix=new.prefix, first_number=new.first_number)
    await put_audit(
        tx,
        verb="change_suite_rule",
        subject="suite_rule",
        subject_id=None,
        facts={"prefix": new.prefix, "first_number": new.first_number},
    )
    return await queries.get_suite_rule(tx)
