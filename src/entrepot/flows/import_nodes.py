"""Import nodes from a CSV or XLSX file: all rows or none, all bad rows at once."""

from entrepot.access.flow import flow
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.nodes.files import import_file
from entrepot.nodes.working_types import ImportedNodes, NodeFile
from entrepot.parcels.scope import needs_all_warehouses
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx
from entrepot.platform.sheets import sent_sheet


@flow(permission="nodes:create", callers=(Staff, ApiKey))
async def import_nodes(tx: Tx, *, file: NodeFile) -> ImportedNodes:
    """How many nodes are new, changed and as they were. Columns left out stay as they are."""
    needs_all_warehouses(tx.principal)
    done = await import_file(tx, raw=sent_sheet(file.csv, file.xlsx))
    await put_audit(
        tx,
        verb="import_nodes",
        subject="node",
        subject_id=None,
        facts={"created": done.created, "changed": done.changed, "unchanged": done.unchanged},
    )
    return done
