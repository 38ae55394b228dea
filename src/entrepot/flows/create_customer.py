"""Create a customer: who owns parcels from now on, with a suite code of their own."""

from entrepot.access.flow import flow
from entrepot.kernel.principals import ApiKey, Operator, Staff
from entrepot.parties import operations
from entrepot.parties.types import Customer, NewCustomer
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx


@flow(permission="customers:create", callers=(Staff, ApiKey, Operator))
async def create_customer(tx: Tx, *, new: NewCustomer, suite_code: str | None = None) -> Customer:
    """The customer. `suite_code`: one that is brought along from an older system."""
    customer = await operations.create_customer(tx, new=new, suite_code=suite_code)
    await put_audit(
        tx,
        verb="create_customer",
        subject="customer",
        subject_id=customer.id,
        facts={"suite_code": customer.suite_code},
    )
    return customer
