"""Announce goods that will come to a node: an advance shipping notice (ASN)."""

from entrepot.access.flow import flow
from entrepot.kernel.principals import ApiKey, Job, Staff
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx
from entrepot.stock.arrivals import operations as arrivals
from entrepot.stock.arrivals import queries as arrivals_reads
from entrepot.stock.arrivals.types import Asn, NewAsn


@flow(permission="arrivals:create", callers=(ApiKey, Staff, Job))
async def announce_goods(tx: Tx, *, new: NewAsn) -> Asn:
    """The ASN; what it awaits is inbound from now on. See `stock.arrivals.announce`."""
    asn_id = await arrivals.announce(tx, new=new)
    await put_audit(
        tx, verb="announce_goods", subject="asn", subject_id=asn_id,
        facts={"lines": len(new.lines)},
    )  # fmt: skip
    return await arrivals_reads.get_asn(tx, asn_id=asn_id)
