"""Announce a parcel: a pre-alert, so that one scan is enough when it arrives.

When the parcel lies here already without owner, it becomes the customer's at once, as long as
nothing speaks for somebody else.
"""

from entrepot.access.flow import flow
from entrepot.kernel.principals import ApiKey, Shopper, Staff
from entrepot.nodes.queries import get_place
from entrepot.parcels import operations, queries
from entrepot.parcels.operations import Announcement
from entrepot.parcels.payloads import read_payload
from entrepot.parcels.scope import Scope, scope_of
from entrepot.parcels.types import NewPreAlert, ParcelDetail
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx


@flow(permission="pre_alerts:create", callers=(Staff, ApiKey, Shopper))
async def announce_parcel(tx: Tx, *, new: NewPreAlert) -> ParcelDetail:
    """The expected parcel, or the one that is here already. Announcing twice is announcing once."""
    number = read_payload(new.tracking_number)
    customer = await operations.customer_meant(
        tx, customer_id=new.customer_id, suite_code=new.suite_code
    )
    await operations.check_categories(
        tx, items=[(f"items[{place}]", item) for place, item in enumerate(new.items)]
    )
    if new.warehouse is not None:
        await get_place(tx, code=new.warehouse, warehouses=scope_of(tx.principal).warehouses)
    announced = await operations.announce(
        tx,
        customer_id=customer.id,
        announcement=Announcement(number, new.courier, new.items),
        warehouse=new.warehouse,
    )
    await put_audit(
        tx,
        verb="announce_parcel",
        subject="parcel",
        subject_id=announced.parcel_id,
        facts={"tracking_number": number.number, "outcome": announced.outcome},
    )
    # Known already, but at a warehouse that is not the caller's: not there, and nothing is kept.
    places = scope_of(tx.principal).warehouses
    return await queries.get_parcel(
        tx, parcel_id=announced.parcel_id, scope=Scope(customer.id, places)
    )
