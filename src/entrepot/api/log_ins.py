"""Creating log-ins by API: what is asked for, what is answered, how secrets are made."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from entrepot.access.passwords import hash_password
from entrepot.access.rules import check_password
from entrepot.access.tokens import repeatable_token_of
from entrepot.access.types import NewPerson
from entrepot.api.deps import Caller
from entrepot.flows.create_person import create_person
from entrepot.kernel.principals import credential
from entrepot.platform.database import Database
from entrepot.platform.secrets import SealingKey


class NewLogIn(NewPerson, frozen=True, forbid_unknown_fields=True):
    """Somebody who shall be able to log in; without a password they get a one-time link."""

    password: Annotated[str, msgspec.Meta(max_length=200)] | None = None


class CreatedLogIn(msgspec.Struct, frozen=True):
    """The person; `login_token` enters once at `/t/<slug>/welcome/…`, None with a password."""

    id: UUID
    email: str
    name: str
    locale: str
    roles: list[str]
    warehouses: list[str] | None
    customer_ids: list[UUID]
    added_at: datetime
    login_token: str | None


async def add_log_in(
    db: Database, sealing: SealingKey, caller: Caller, new: NewLogIn
) -> CreatedLogIn:
    """Create the person. A repeated request gets the same answer, the token included.

    Who may not is refused first: hashing a password costs more than all the rest.
    """
    create_person.check(caller.principal)
    token, password_hash = None, None
    if new.password is None:
        token = repeatable_token_of(
            caller.principal.tenant,
            sealing.key,
            credential(caller.principal),
            caller.stamp.key or "",
        )
    else:
        check_password(new.password, email=new.email)
        password_hash = await hash_password(new.password)
    person = await create_person(
        db,
        caller.principal,
        caller.stamp,
        new=NewPerson(
            email=new.email,
            name=new.name,
            locale=new.locale,
            roles=new.roles,
            warehouses=new.warehouses,
            customer_id=new.customer_id,
        ),
        link_token=token,
        password_hash=password_hash,
    )
    return CreatedLogIn(
        id=person.person_id,
        email=person.email,
        name=person.name,
        locale=person.locale,
        roles=person.roles,
        warehouses=person.warehouses,
        customer_ids=person.customer_ids,
        added_at=person.added_at,
        login_token=token,
    )
