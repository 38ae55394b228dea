"""Announce goods by a file: an ASN whose lines are a CSV or XLSX table."""

import asyncio

from entrepot.access.flow import flow
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.kernel.refusals import Refusal
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx
from entrepot.stock.arrivals import operations as arrivals
from entrepot.stock.arrivals import queries as arrivals_reads
from entrepot.stock.arrivals.files import read_asn
from entrepot.stock.arrivals.types import Asn, AsnFile


@flow(permission="arrivals:create", callers=(ApiKey, Staff))
async def import_asn(tx: Tx, *, file: AsnFile) -> Asn:
    """The ASN: all rows or none, all bad rows at once."""
    read = await asyncio.to_thread(read_asn, file)
    try:
        asn_id = await arrivals.announce(tx, new=read.new)
    except Refusal as refused:
        refused.errors = read.by_row(refused.errors)
        raise
    await put_audit(
        tx, verb="import_asn", subject="asn", subject_id=asn_id,
        facts={"lines": len(read.new.lines)},
    )  # fmt: skip
    return await arrivals_reads.get_asn(tx, asn_id=asn_id)
