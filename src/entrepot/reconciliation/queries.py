"""Reads of the reconciliation room. Differences take their scope from the block's principal."""

from datetime import datetime
from uuid import UUID

import msgspec

from entrepot.kernel.refusals import NotFound
from entrepot.platform.database import ReadTx
from entrepot.platform.sqlfile import load_sql
from entrepot.reconciliation.types import Difference, Run, ViewFound
from entrepot.stock.scope import warehouses_of

SQL = load_sql(__file__, "queries.sql")


class _RunRow(msgspec.Struct, frozen=True):
    id: UUID
    mode: str
    documents: int
    found: int
    fresh: int
    gone: int
    more: bool
    drifts: int
    violations: int
    views: bytes
    began_at: datetime
    took_ms: int


async def list_runs(
    tx: ReadTx,
    *,
    run_id: UUID | None = None,
    mode: str | None = None,
    before: UUID | None = None,
    most: int = 1,
) -> list[Run]:
    """Runs, newest first."""
    rows = await tx.list(
        SQL["list_runs"], _RunRow, run_id=run_id, mode=mode, before=before, most=most
    )
    return [
        Run(**{
            **msgspec.structs.asdict(row),
            "views": msgspec.json.decode(row.views, type=list[ViewFound]),
        }) for row in rows
    ]  # fmt: skip


async def get_run(tx: ReadTx, *, run_id: UUID) -> Run:
    """One run; NotFound."""
    found = await list_runs(tx, run_id=run_id)
    if not found:
        raise NotFound("there is no such run", code="unknown_run")
    return found[0]


async def list_differences(
    tx: ReadTx,
    *,
    difference_id: UUID | None = None,
    state: str | None = None,
    kind: str | None = None,
    node: str | None = None,
    before: UUID | None = None,
    most: int = 1,
) -> list[Difference]:
    """Differences in the caller's warehouses, newest first."""
    return await tx.list(
        SQL["list_differences"], Difference, difference_id=difference_id, state=state, kind=kind,
        node=node, before=before, most=most, warehouses=warehouses_of(tx.principal),
    )  # fmt: skip
