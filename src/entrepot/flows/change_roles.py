"""Change what somebody of the staff may do."""

from uuid import UUID

from entrepot.access import operations
from entrepot.access.flow import flow
from entrepot.access.types import Person
from entrepot.kernel.principals import ApiKey, Operator, Staff
from entrepot.platform.database import Tx


@flow(permission="people:change", callers=(Staff, ApiKey, Operator))
async def change_roles(
    tx: Tx, *, person_id: UUID, roles: list[str], warehouses: list[str] | None = None
) -> Person:
    """The person with new roles and warehouses (None: every one); old sessions end."""
    return await operations.change_roles(
        tx, person_id=person_id, roles=roles, warehouses=warehouses
    )
