"""Announce many parcels: pasted lines, all of them or none, all faults at once."""

from collections import Counter

from entrepot.access.flow import flow
from entrepot.kernel.principals import ApiKey, Shopper, Staff
from entrepot.nodes.queries import get_place
from entrepot.parcels import operations, queries
from entrepot.parcels.bulk import read_lines
from entrepot.parcels.operations import Announcement
from entrepot.parcels.scope import Scope, scope_of
from entrepot.parcels.types import BulkAnnouncement, PastedPreAlerts
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx


@flow(permission="pre_alerts:create", callers=(Staff, ApiKey, Shopper))
async def announce_parcels(tx: Tx, *, paste: PastedPreAlerts) -> BulkAnnouncement:
    """What became of the lines, in order of their numbers. Up to 500 lines."""
    lines = read_lines(paste.text, currency=await queries.base_currency(tx))
    customer = await operations.customer_meant(
        tx, customer_id=paste.customer_id, suite_code=paste.suite_code
    )
    items = [(f"lines[{line.place}]", line.item) for line in lines if line.item is not None]
    await operations.check_categories(tx, items=items)
    if paste.warehouse is not None:
        await get_place(tx, code=paste.warehouse, warehouses=scope_of(tx.principal).warehouses)
    done = await operations.announce_many(
        tx,
        customer_id=customer.id,
        announcements=[
            Announcement(line.number, line.courier, [line.item] if line.item else [])
            for line in lines
        ],
        warehouse=paste.warehouse,
    )
    outcomes = Counter(one.outcome for one in done)
    await put_audit(
        tx,
        verb="announce_parcels",
        subject="customer",
        subject_id=customer.id,
        facts={"lines": len(lines), "announced": outcomes["announced"]},
    )
    return BulkAnnouncement(
        announced=outcomes["announced"],
        known=outcomes["known"],
        arrived=outcomes["arrived"],
        items=await queries.get_summaries(
            tx, parcel_ids=[one.parcel_id for one in done], scope=Scope(customer.id, None)
        ),
    )
