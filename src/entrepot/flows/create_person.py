"""Create a person: somebody of the staff, or a customer's log-in."""

from entrepot.access import operations
from entrepot.access.flow import flow
from entrepot.access.types import NewPerson, Person
from entrepot.kernel.ids import new_id
from entrepot.kernel.principals import ApiKey, Operator, Staff
from entrepot.nodes.queries import get_place
from entrepot.parties.queries import get_customer
from entrepot.platform.database import Tx


@flow(permission="people:create", callers=(Staff, ApiKey, Operator))
async def create_person(
    tx: Tx, *, new: NewPerson, link_token: str | None = None, password_hash: str | None = None
) -> Person:
    """Somebody who may log in: by the one-time link of `link_token`, or with a password.

    Token and hash are made by the entrance, since answers are kept and hold no secret. Raises
    NotFound for an unknown customer or warehouse, Conflict when the e-mail is taken, Forbidden
    when more would be given than the caller holds.
    """
    for code in new.warehouses or []:
        await get_place(tx, code=code, warehouses=None)
    if new.customer_id is not None:
        await get_customer(tx, customer_id=new.customer_id, scope_customer_id=None)
    person = await operations.add_person(tx, person_id=new_id(tx.now), new=new)
    if password_hash is not None:
        await operations.set_password(tx, person_id=person.person_id, password_hash=password_hash)
    if link_token is not None:
        await operations.add_link(tx, person_id=person.person_id, token=link_token)
    return person
