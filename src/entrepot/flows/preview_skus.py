"""Look at what an import of SKUs would do, before it does."""

import msgspec

from entrepot.access.flow import query
from entrepot.catalog.files import plan_file
from entrepot.catalog.operations import refuse
from entrepot.catalog.types import Change, ImportedSkus, SkuFile
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.database import ReadTx
from entrepot.platform.sheets import sent_sheet

MOST_SHOWN = 200


class Preview(msgspec.Struct, frozen=True):
    """The counts, and the first rows that would do something."""

    counts: ImportedSkus
    changes: list[Change]


@query(permission="catalog:change", callers=(ApiKey, Staff))
async def preview_skus(tx: ReadTx, *, file: SkuFile) -> Preview:
    """What would happen. Raises Invalid with all bad rows, as the import itself."""
    plan = await plan_file(tx, raw=sent_sheet(file.csv, file.xlsx))
    refuse(plan.errors)
    return Preview(plan.counts, plan.changes[:MOST_SHOWN])
