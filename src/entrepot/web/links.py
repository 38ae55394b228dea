"""One-time links as the office hands them on: made here, shown once, never kept in the clear."""

import msgspec

from entrepot.access.tokens import new_token_of
from entrepot.access.types import NewPerson
from entrepot.platform.documents import convert
from entrepot.web.door_pages import tenant_of
from entrepot.web.visits import Visit


class Handed(msgspec.Struct, frozen=True):
    """A link to hand to somebody. Shown on the answer to the form and nowhere else."""

    name: str
    email: str
    url: str


def fresh_link(visit: Visit) -> str:
    """A new link's token for this tenant."""
    return new_token_of(tenant_of(visit))


def invitation(wanted: dict[str, object]) -> NewPerson:
    """The person a form describes. Raises Invalid naming every wrong field."""
    return convert({"email": "", "name": ""} | wanted, NewPerson, strict=False)
