"""Look up a code: what is it that was scanned? A parcel, a bin, a customer's code, a SKU."""

from entrepot.access.flow import query
from entrepot.catalog.queries import find_by_code
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.kernel.refusals import Invalid
from entrepot.nodes.queries import get_place
from entrepot.parcels import queries
from entrepot.parcels.payloads import read_payload
from entrepot.parcels.scope import scope_of
from entrepot.parcels.types import CodeKind, FoundCode, NewLookup
from entrepot.parties.queries import find_customer_by_code
from entrepot.platform.database import ReadTx

_KINDS: tuple[CodeKind, ...] = ("parcel", "bin", "customer", "sku", "unknown")


@query(permission="parcels:read", callers=(Staff, ApiKey))
async def look_up_code(tx: ReadTx, *, lookup: NewLookup) -> FoundCode:
    """Everything that bears this code; a tracking number gives a list of parcels.

    SKUs are told to whoever may read the catalogue.
    """
    await get_place(tx, code=lookup.warehouse, warehouses=scope_of(tx.principal).warehouses)
    number = _number(lookup)
    parcels = (
        [] if number is None else await queries.list_parcels(tx, tracking_number=number, most=50)
    )
    bins = await queries.list_bins_with_code(
        tx, warehouse=lookup.warehouse, code=lookup.code.strip().upper()
    )
    customer = await find_customer_by_code(tx, suite_code=lookup.code, scope_customer_id=None)
    customers = [] if customer is None else [customer]
    reads_catalog = "catalog:read" in tx.principal.permissions
    skus = (
        await find_by_code(tx, scanned=lookup.code, symbology=lookup.symbology)
        if reads_catalog
        else []
    )
    told = bool(parcels), bool(bins), bool(customers), bool(skus), True
    return FoundCode(
        kind=_KINDS[told.index(True)],
        code=lookup.code,
        number=number,
        parcels=parcels,
        bins=bins,
        customers=customers,
        skus=skus,
    )


def _number(lookup: NewLookup) -> str | None:
    try:
        return read_payload(lookup.code, lookup.symbology).number
    except Invalid:
        return None
