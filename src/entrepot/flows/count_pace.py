"""Count from the ledger how fast everything sells: once a day, for slow movers and best sellers."""

import msgspec

from entrepot.access.flow import flow
from entrepot.kernel.principals import Job
from entrepot.platform.database import Tx
from entrepot.stock import strategy


class Paced(msgspec.Struct, frozen=True):
    """How many (SKU, node) pairs sold something in 90 days; none when it was counted lately."""

    pairs: int


@flow(permission="stock:read", callers=(Job,))
async def count_pace(tx: Tx) -> Paced:
    """Counts unless that was done within a day."""
    if not await strategy.pace_is_old(tx):
        return Paced(0)
    return Paced(await strategy.count_pace(tx))
