"""Let somebody in again who was shut out."""

from uuid import UUID

from entrepot.access import operations, queries
from entrepot.access.flow import flow
from entrepot.access.types import Person
from entrepot.kernel.principals import ApiKey, Operator, Staff
from entrepot.platform.database import Tx


@flow(permission="people:change", callers=(Staff, ApiKey, Operator))
async def enable_person(tx: Tx, *, person_id: UUID) -> Person:
    """The person as they are now."""
    await operations.enable_person(tx, person_id=person_id)
    return await queries.get_person(tx, person_id=person_id)
