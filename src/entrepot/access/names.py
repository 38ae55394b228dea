"""What actors are called. Read when somebody looks, never kept beside what they did."""

from collections.abc import Iterable

import msgspec

from entrepot.platform.database import ReadTx
from entrepot.platform.sqlfile import load_sql

SQL = load_sql(__file__, "names.sql")


class _Name(msgspec.Struct, frozen=True):
    actor: str
    name: str


async def names_of(tx: ReadTx, *, actors: Iterable[str]) -> dict[str, str]:
    """Name or label by actor; who is unknown (the worker, an operator) is left out."""
    rows = await tx.list(SQL["list_names"], _Name, actors=sorted(set(actors)))
    return {row.actor: row.name for row in rows}
