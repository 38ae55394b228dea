"""Assign a parcel: staff found out whose it is."""

from uuid import UUID

from entrepot.access.flow import flow
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.parcels import operations, queries
from entrepot.parcels.types import AssignedTo, ParcelDetail
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx


@flow(permission="parcels:assign", callers=(Staff, ApiKey))
async def assign_parcel(tx: Tx, *, parcel_id: UUID, owner: AssignedTo) -> ParcelDetail:
    """The parcel with its owner. Naming the same owner again changes nothing.

    Raises Conflict (`has_owner`) when it belongs to somebody else.
    """
    customer = await operations.customer_meant(
        tx, customer_id=owner.customer_id, suite_code=owner.suite_code
    )
    await operations.give_to(tx, parcel_id=parcel_id, customer_id=customer.id)
    await put_audit(
        tx,
        verb="assign_parcel",
        subject="parcel",
        subject_id=parcel_id,
        facts={"customer_id": customer.id},
    )
    return await queries.get_parcel(tx, parcel_id=parcel_id)
