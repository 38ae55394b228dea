"""Trace a lot or a serial: where it came from, where it lies, with which references it left."""

from uuid import UUID

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.kernel.refusals import FieldError, Invalid
from entrepot.platform.database import ReadTx
from entrepot.stock.lots import queries as lots
from entrepot.stock.lots.types import Trace


@query(permission="stock:read", callers=(ApiKey, Staff))
async def trace_goods(
    tx: ReadTx, *, sku: str, lot: str | None, serial: str | None, before: UUID | None, most: int
) -> Trace:
    """One of lot and serial is named. Raises Invalid, NotFound."""
    if serial is not None and lot is None:
        return await lots.trace_serial(tx, sku=sku, serial=serial, before=before, most=most)
    if lot is not None and serial is None:
        return await lots.trace_lot(tx, sku=sku, lot=lot, before=before, most=most)
    error = FieldError("lot", "lot_or_serial", "name a lot or a serial")
    raise Invalid("name a lot or a serial", errors=[error])
