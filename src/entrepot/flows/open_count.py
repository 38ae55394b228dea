"""Open a count: a sheet for a bin, or for one SKU in it."""

from entrepot.access.flow import flow
from entrepot.counts import operations, queries
from entrepot.counts.reading import NO_UNITS
from entrepot.counts.types import CountSummary, NewCount
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.kernel.refusals import Conflict, FieldError, Invalid, NotFound
from entrepot.nodes.queries import find_bin, get_place
from entrepot.parcels.scope import scope_of
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx


@flow(permission="counts:create", callers=(Staff, ApiKey))
async def open_count(tx: Tx, *, new: NewCount) -> CountSummary:
    """The open sheet. Raises Conflict (`count_open`) when a live one covers the same things,
    NotFound for a warehouse, bin or SKU that is unknown or not the caller's, Invalid (`is_kit`)
    for a kit of which nothing lies there."""
    if new.sku is not None and new.what == "parcels":
        error = FieldError("sku", "not_counted_here", "parcels are no SKU")
        raise Invalid("a sheet for parcels names no SKU", errors=[error])
    scope = scope_of(tx.principal).warehouses
    await get_place(tx, code=new.warehouse, warehouses=scope)
    place = await find_bin(
        tx, warehouse=new.warehouse, code=new.bin.strip().upper(), warehouses=scope
    )
    if place is None:
        raise NotFound("there is no bin of this code", code="unknown_bin", bin=new.bin)
    sku_id = None
    if new.sku is not None:
        known = await queries.list_skus(tx, codes=[new.sku], bin_id=place.id)
        if new.sku not in known:
            raise NotFound("there is no SKU of this code", code="unknown_sku", sku=new.sku)
        if known[new.sku].is_kit and not known[new.sku].is_there:
            raise Invalid("a kit has no units of its own", errors=[FieldError("sku", *NO_UNITS)])
        sku_id = known[new.sku].sku_id
    sheet = operations.NewSheet(new.what, new.warehouse, place.id, sku_id, new.rule)
    count_id = await operations.open_count(tx, sheet=sheet)
    if count_id is None:
        raise Conflict("this bin is being counted", code="count_open", bin=place.code)
    await put_audit(
        tx, verb="open_count", subject="count", subject_id=count_id, facts={"rule": new.rule}
    )
    return await queries.get_summary(tx, count_id=count_id, warehouses=scope)
