"""List the people who may log in."""

from uuid import UUID

from entrepot.access import queries
from entrepot.access.flow import query
from entrepot.access.types import Person
from entrepot.kernel.principals import ApiKey, Operator, Staff
from entrepot.platform.database import ReadTx


@query(permission="people:read", callers=(Staff, ApiKey, Operator))
async def list_people(
    tx: ReadTx, *, staff_only: bool = False, after: UUID | None = None, most: int = 100
) -> list[Person]:
    """People in the order they were added, from behind `after`."""
    return await queries.list_people(tx, staff_only=staff_only, after=after, most=most)
