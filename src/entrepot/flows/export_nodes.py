"""Export nodes as a CSV or XLSX file that imports as it is."""

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.nodes import working
from entrepot.nodes.files import write_file
from entrepot.parcels.scope import scope_of
from entrepot.platform.database import ReadTx
from entrepot.platform.sheets import Format


@query(permission="nodes:read", callers=(ApiKey, Staff))
async def export_nodes(tx: ReadTx, *, form: Format) -> bytes:
    """The nodes that the caller works with, by code."""
    nodes = await working.list_details(tx, warehouses=scope_of(tx.principal).warehouses)
    return await write_file(nodes, await working.list_attributes(tx), form=form)
