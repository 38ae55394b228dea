"""Name the people and keys that stock pages speak of."""

from collections.abc import Sequence

from entrepot.access.flow import query
from entrepot.access.names import names_of
from entrepot.kernel.principals import Staff
from entrepot.platform.database import ReadTx


@query(permission="stock:read", callers=(Staff,))
async def name_actors(tx: ReadTx, *, actors: Sequence[str]) -> dict[str, str]:
    """Name or label by actor; unknown ones are left out."""
    return await names_of(tx, actors=actors)
