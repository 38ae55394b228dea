"""Make a one-time link with which somebody sets a password and logs in."""

from datetime import datetime
from uuid import UUID

import msgspec

from entrepot.access import operations
from entrepot.access.flow import flow
from entrepot.kernel.principals import ApiKey, Operator, Staff
from entrepot.platform.database import Tx


class MadeLink(msgspec.Struct, frozen=True):
    """A link was kept; its token is known only to whoever made it."""

    person_id: UUID
    expires_at: datetime


@flow(permission="people:create", callers=(Staff, ApiKey, Operator))
async def make_log_in_link(tx: Tx, *, person_id: UUID, link_token: str) -> MadeLink:
    """Keep the link of `link_token` for a person. Forbidden for somebody stronger."""
    expires_at = await operations.add_link(tx, person_id=person_id, token=link_token)
    return MadeLink(person_id, expires_at)
