"""Cancel an ASN: the goods will not come."""

from uuid import UUID

from entrepot.access.flow import flow
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx
from entrepot.stock.arrivals import operations as arrivals
from entrepot.stock.arrivals.types import AsnSummary


@flow(permission="arrivals:create", callers=(ApiKey, Staff))
async def cancel_asn(tx: Tx, *, asn_id: UUID) -> AsnSummary:
    """The ASN, cancelled. Raises Conflict `wrong_state` once something was received."""
    done = await arrivals.cancel(tx, asn_id=asn_id)
    await put_audit(tx, verb="cancel_asn", subject="asn", subject_id=asn_id)
    return done
