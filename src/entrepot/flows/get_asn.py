"""Get an ASN: what was announced, what came, what is still open."""

from uuid import UUID

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.database import ReadTx
from entrepot.stock.arrivals import queries as arrivals_reads
from entrepot.stock.arrivals.types import Asn


@query(permission="stock:read", callers=(Staff, ApiKey))
async def get_asn(tx: ReadTx, *, asn_id: UUID) -> Asn:
    """One ASN. Where receiving is blind, what is expected is for whoever announces or approves."""
    return await arrivals_reads.get_asn(tx, asn_id=asn_id)
