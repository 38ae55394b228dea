"""Close an ASN: what has come has come, what is missing is no longer inbound."""

from uuid import UUID

from entrepot.access.flow import flow
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx
from entrepot.stock.arrivals import operations as arrivals
from entrepot.stock.arrivals.types import AsnSummary, CloseAsn


@flow(permission="stock:receive", callers=(ApiKey, Staff))
async def close_asn(tx: Tx, *, asn_id: UUID, closing: CloseAsn) -> AsnSummary:
    """The ASN, received. See `stock.arrivals.close` for the refusals."""
    done = await arrivals.close(tx, asn_id=asn_id, reason=closing.reason)
    await put_audit(
        tx, verb="close_asn", subject="asn", subject_id=asn_id,
        facts={"reason": done.close_reason},
    )  # fmt: skip
    return done
