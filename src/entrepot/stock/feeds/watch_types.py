"""Values of watching feeds: policies, how late each is, alarms, how accurate numbers are."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

StalePolicy = Literal["stop", "degrade", "ignore"]
Seconds = Annotated[int, msgspec.Meta(ge=5, le=2_592_000)]


class FeedPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How long a node's source may be silent, and what becomes of its goods then.

    `stop`: not sold; `degrade`: sold but for `buffer` units of each SKU; `ignore`: sold as before.
    """

    stale_after_s: Seconds
    stale_policy: StalePolicy
    buffer: Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)] = 0
    lag_limit_s: Annotated[int, msgspec.Meta(ge=1, le=2_592_000)] = 60


class NodePolicy(msgspec.Struct, frozen=True):
    """The policy of a node; `stale_since` while its goods are held back or would be."""

    node: str
    stale_after_s: int
    stale_policy: str
    buffer: int
    lag_limit_s: int
    stale_since: datetime | None


class FeedState(msgspec.Struct, frozen=True):
    """How late a feed is: how long it has been silent, how long its newest 500 events took to
    come; `lagging` when the 95th percentile is over its node's limit."""

    feed: str
    node: str
    master: str
    heard_at: datetime | None
    silent_s: int | None
    lag_p50_s: int | None
    lag_p95_s: int | None
    lag_limit_s: int | None
    stale_after_s: int | None
    stale_policy: str | None
    stale_since: datetime | None
    lagging: bool
    alarms: int


class Alarm(msgspec.Struct, frozen=True):
    """What a sweep noticed of a feed. `amount`: units in question, sequences of a gap, seconds of
    a lag; `correction`: what correcting it would post, 0 where the source has to send again."""

    id: UUID
    feed: str
    node: str
    kind: str
    cause: str
    sku: str | None
    lot: str
    serial: str | None
    first_sequence: int | None
    last_sequence: int | None
    amount: int
    correction: int
    since: datetime
    first_seen: datetime
    state: str
    closed_at: datetime | None
    document_id: UUID | None


class ToldEvent(msgspec.Struct, frozen=True):
    """A change that a source told; `document_id` is what was posted for it and others."""

    sequence: int
    delta: int
    at: datetime
    heard_at: datetime
    verdict: str
    applied: bool
    document_id: UUID | None
    lot: str
    serial: str | None


class Swept(msgspec.Struct, frozen=True):
    """What one sweep did: alarms opened and gone, nodes that fell silent or were heard again."""

    opened: int
    gone: int
    stale: list[str]
    back: list[str]
    more: bool


class SkuError(msgspec.Struct, frozen=True):
    """How far our number of a SKU is from its source's: `error` = theirs - ours.

    `units` differ: lots and serials that are too many here and too few there do not cancel out.
    """

    node: str
    feed: str
    sku: str
    ours: int
    theirs: int
    error: int
    units: int


class NodeAccuracy(msgspec.Struct, frozen=True):
    """Of `skus` that a node's feeds tell about, `wrong` ones differ, by `units` together."""

    node: str
    skus: int
    wrong: int
    units: int


class Accuracy(msgspec.Struct, frozen=True):
    """Ours against the sources': node by node, and the SKUs that differ, the worst first."""

    nodes: list[NodeAccuracy]
    errors: list[SkuError]
