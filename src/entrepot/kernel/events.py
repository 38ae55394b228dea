"""Events: facts that have happened, named `<aggregate>.<past participle>` with a version."""

from datetime import datetime
from uuid import UUID

import msgspec


class Event(msgspec.Struct, frozen=True):
    """One fact as it leaves the outbox. `body` holds ids, codes and numbers, never names."""

    event_id: UUID
    name: str
    version: int
    aggregate: str
    aggregate_id: UUID
    sequence: int
    at: datetime
    actor: str
    body: bytes
    feed_position: int
