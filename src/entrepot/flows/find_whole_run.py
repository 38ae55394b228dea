"""When the books were last compared from the beginning."""

from datetime import datetime

import msgspec

from entrepot.access.flow import query
from entrepot.kernel.principals import Job
from entrepot.platform.database import ReadTx
from entrepot.reconciliation import queries


class WholeRun(msgspec.Struct, frozen=True):
    """When it began; None when there was none."""

    began_at: datetime | None


@query(permission="reconciliation:read", callers=(Job,))
async def find_whole_run(tx: ReadTx) -> WholeRun:
    """The last full run."""
    found = await queries.list_runs(tx, mode="full")
    return WholeRun(found[0].began_at if found else None)
