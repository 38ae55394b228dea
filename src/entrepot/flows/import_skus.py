"""Import SKUs from a CSV or XLSX file: all rows or none, all bad rows at once."""

from entrepot.access.flow import flow
from entrepot.catalog import operations
from entrepot.catalog.files import plan_file
from entrepot.catalog.types import ImportedSkus, SkuFile
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx
from entrepot.platform.sheets import sent_sheet


@flow(permission="catalog:change", callers=(Staff, ApiKey))
async def import_skus(tx: Tx, *, file: SkuFile) -> ImportedSkus:
    """How many SKUs are new, changed and as they were. Columns left out stay as they are."""
    raw = sent_sheet(file.csv, file.xlsx)
    await operations.take_turn(tx)
    plan = await plan_file(tx, raw=raw)
    await operations.carry_out(tx, plan=plan)
    done = plan.counts
    await put_audit(
        tx,
        verb="import_skus",
        subject="catalog",
        subject_id=None,
        facts={"created": done.created, "changed": done.changed, "unchanged": done.unchanged},
    )
    return done
