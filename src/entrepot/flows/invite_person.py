"""Invite a person again: a new one-time link, because the old one is over or was lost."""

from uuid import UUID

from entrepot.access import operations as access
from entrepot.access import queries as people
from entrepot.access.flow import flow
from entrepot.access.types import Person
from entrepot.kernel.principals import ApiKey, Operator, Staff
from entrepot.platform.database import Tx


@flow(permission="people:create", callers=(Staff, ApiKey, Operator))
async def invite_person(tx: Tx, *, person_id: UUID, link_token: str) -> Person:
    """The person, who may now enter once by the link of `link_token`. Raises NotFound."""
    await access.add_link(tx, person_id=person_id, token=link_token)
    return await people.get_person(tx, person_id=person_id)
