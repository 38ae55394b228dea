"""Export SKUs as a CSV or XLSX file that imports as it is."""

from entrepot.access.flow import query
from entrepot.catalog import queries, rules
from entrepot.catalog.files import write_file
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.database import ReadTx
from entrepot.platform.sheets import Format


@query(permission="catalog:read", callers=(ApiKey, Staff))
async def export_skus(tx: ReadTx, *, form: Format, after: str = "") -> bytes:
    """Up to 20,000 SKUs by code, closed ones too, behind `after`."""
    skus = await queries.list_skus(tx, after=after, most=rules.MOST_ROWS)
    return await write_file(skus, await queries.list_attributes(tx), form=form)
