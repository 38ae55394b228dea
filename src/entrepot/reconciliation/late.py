"""Entries dated into closed periods: booked in the open one, with a pointer to where they belong.

Bounded by what came since the last look, and never in the way of whoever posts.
"""

from uuid import UUID

from entrepot.platform.database import Tx
from entrepot.platform.sqlfile import load_sql

SQL = load_sql(__file__, "late.sql")


async def note(tx: Tx, *, after: int, until: int) -> int:
    """Pointers for documents with positions in (after, until]; how many."""
    told = await tx.execute(SQL["note_told"], after=after, until=until)
    return told + await tx.execute(SQL["note_slow"], after=after, until=until)


async def note_of_closing(tx: Tx, *, period_id: UUID) -> int:
    """Pointers for what was booked after a period's end, before the period was closed."""
    return await tx.execute(SQL["note_of_closing"], period_id=period_id)
