"""Create a log-in: for somebody who works here, or for one customer."""

from uuid import UUID

from entrepot.access import operations as access
from entrepot.access import queries as people
from entrepot.access.flow import flow
from entrepot.access.types import NewPerson, Person
from entrepot.kernel.principals import ApiKey, Operator, Staff
from entrepot.nodes.queries import get_place
from entrepot.parties.queries import get_customer
from entrepot.platform.database import Tx


@flow(permission="people:create", callers=(Staff, ApiKey, Operator))
async def create_person(
    tx: Tx,
    *,
    person_id: UUID,
    new: NewPerson,
    link_token: str | None = None,
    password_hash: str | None = None,
) -> Person:
    """The person, who may enter by the one-time link of `link_token` or by the hashed password.

    Token and hash are made by the entrance, so that no secret is kept with the answer. Raises
    NotFound for an unknown customer or warehouse, Conflict when the e-mail is taken, Forbidden
    when more would be given than the caller holds.
    """
    if new.customer_id is not None:
        await get_customer(tx, customer_id=new.customer_id)
    for code in new.warehouses or []:
        await get_place(tx, code=code, warehouses=None)
    await access.add_person(tx, person_id=person_id, new=new)
    if password_hash is not None:
        await access.set_password(tx, person_id=person_id, password_hash=password_hash)
    if link_token is not None:
        await access.add_link(tx, person_id=person_id, token=link_token)
    return await people.get_person(tx, person_id=person_id)
