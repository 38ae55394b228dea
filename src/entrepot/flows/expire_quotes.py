"""Write down that quotes whose time is over have expired, and tell of it."""

import msgspec

from entrepot.access.flow import flow
from entrepot.carriers import operations
from entrepot.kernel.principals import Job
from entrepot.platform.database import Tx

MOST = 500


class ExpiredQuotes(msgspec.Struct, frozen=True):
    """How many expired in this round; a full round means there may be `more`."""

    expired: int
    more: bool


@flow(permission="quotes:create", callers=(Job,))
async def expire_quotes(tx: Tx) -> ExpiredQuotes:
    """The open quotes that are over, a round of them. They could not be accepted before either."""
    expired = await operations.expire_quotes(tx, most=MOST)
    return ExpiredQuotes(expired, expired == MOST)
