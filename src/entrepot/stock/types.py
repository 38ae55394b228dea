"""Values of the stock room: as they are asked for, and as they are shown."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

MOST_LINES = 200
Units = Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)]
"""A quantity in base units of its SKU."""
Level = Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)]
SkuCode = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
NodeCode = Annotated[str, msgspec.Meta(min_length=1, max_length=16)]
ChannelCode = Annotated[str, msgspec.Meta(min_length=1, max_length=24)]
BinCode = Annotated[str, msgspec.Meta(min_length=1, max_length=24)]
Reference = Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
Instant = Annotated[datetime, msgspec.Meta(tz=True)]

Status = Literal["good", "promo", "damaged", "quarantine", "hold", "expired"]
State = Literal["pending", "fulfilled", "released", "expired"]
Strength = Literal["soft", "hard", "allocated", "picked"]


def within_reach(moment: datetime | None) -> None:
    """Raises ValueError for years that no calendar of ours reaches."""
    if moment is not None and not 2000 <= moment.year <= 2200:
        raise ValueError("this moment is out of reach")


class NewReservationLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """So many base units of a SKU; without `node` from the channel's nodes by priority."""

    sku: SkuCode
    qty: Units
    node: NodeCode | None = None


class NewReservation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be held for `reference`; with `expires_at` only until then."""

    reference: Reference
    channel: ChannelCode
    lines: Annotated[list[NewReservationLine], msgspec.Meta(min_length=1, max_length=MOST_LINES)]
    expires_at: Instant | None = None

    def __post_init__(self) -> None:
        """Raises ValueError for an expiry out of reach."""
        within_reach(self.expires_at)

    @property
    def things(self) -> int:
        """How many quantities are changed, at most: one of each line."""
        return len(self.lines)

    @property
    def once(self) -> str:
        """A reference has one live reservation in a channel."""
        return f"reference {self.channel} {self.reference}"


class ReservedLine(msgspec.Struct, frozen=True):
    """Held at a node; `backordered` is promised of what has still to come."""

    sku: str
    node: str
    qty: int
    backordered: int = 0


class Reservation(msgspec.Struct, frozen=True):
    """A reservation. Kits are shown as their components: those are what is held."""

    id: UUID
    reference: str
    channel: str
    state: State
    strength: Strength
    expires_at: datetime | None
    created_at: datetime
    lines: list[ReservedLine]


class Confirmed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A change of a pending reservation: another expiry, or a strength that only grows."""

    expires_at: Instant | None = None
    strength: Literal["hard", "allocated", "picked"] | None = None

    def __post_init__(self) -> None:
        """Raises ValueError for an expiry out of reach."""
        within_reach(self.expires_at)


class End(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One end of a movement in a node: a bin (its receiving bin when none is named)."""

    node: NodeCode
    bin: BinCode | None = None
    status: Status = "good"


class NewMovement(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}
):
    """So many units from one end to the other. Which ends are bins is the reason's."""

    sku: SkuCode
    qty: Units
    reason: str
    from_: End | None = None
    to: End | None = None
    lot: Annotated[str, msgspec.Meta(max_length=60)] = ""
    expires_on: date | None = None
    serial: Annotated[str, msgspec.Meta(min_length=1, max_length=60)] | None = None
    owner: Annotated[str, msgspec.Meta(max_length=40)] = ""


MOST_MOVEMENTS = 10_000


class NewMovements(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A document: all of its lines are posted, or none."""

    reference: Reference
    lines: Annotated[list[NewMovement], msgspec.Meta(min_length=1, max_length=MOST_MOVEMENTS)]


class Posted(msgspec.Struct, frozen=True):
    """A document that was posted; `movements` in the order of its lines."""

    document_id: UUID
    reference: str
    movements: list[UUID]


class Movement(msgspec.Struct, frozen=True, rename={"from_": "from", "to_": "to"}):
    """A row of the ledger. A place is `NODE/BIN` or the kind of place."""

    id: UUID
    document_id: UUID
    at: datetime
    sku: str
    qty: int
    from_: str
    from_status: str
    to_: str
    to_status: str
    lot: str
    serial: str | None
    owner: str
    reason: str
    reference: str
    reverses: UUID | None
    actor: str


class StockRow(msgspec.Struct, frozen=True):
    """What lies in a place: one row for each lot, owner and status."""

    sku: str
    node: str | None
    place: str
    lot: str
    expires_on: date | None
    owner: str
    status: str
    on_hand: int


class Available(msgspec.Struct, frozen=True):
    """What a channel may sell of a SKU just now, in base units."""

    sku: str
    available: int


class KitPart(msgspec.Struct, frozen=True):
    """So many units of a SKU are in one kit; `sku` is None for one that falls apart into more than
    a request may hold."""

    kit: str
    sku: str | None
    qty: int


class NodeAvailable(msgspec.Struct, frozen=True):
    """Why so many: the guarding row of a SKU at a node. `blocked` is not in order or not ours,
    `withheld` is held back because the node's source is silent."""

    sku: str
    node: str
    on_hand: int
    reserved: int
    blocked: int
    quarantine: int
    safety: int
    protected: int
    inbound: int
    backordered: int
    available: int
    withheld: int = 0


class ChangedAvailable(msgspec.Struct, frozen=True):
    """A SKU that moved or was promised since the cursor, and what is available of it now."""

    sku: str
    available: int
    feed_position: int


class NodeStock(msgspec.Struct, frozen=True):
    """For the router: what of a SKU a node has to give; shadow is money per unit, none so far."""

    sku: str
    node: str
    atp: int
    safety: int
    shadow: int = 0


class NewLevel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Levels of a SKU at a node; what is not named stays as it is."""

    sku: SkuCode
    node: NodeCode
    safety: Level | None = None
    protected: Level | None = None
    inbound: Level | None = None
    sells_inbound: bool | None = None
    backorder_extra: Level | None = None


class NewLevels(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Levels to set; all of them, or none."""

    levels: Annotated[list[NewLevel], msgspec.Meta(min_length=1, max_length=1000)]


class NewChannelLevel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a channel leaves in the pool and may take in all; `no_quota` takes the quota away."""

    sku: SkuCode
    buffer: Level | None = None
    quota: Level | None = None
    no_quota: bool = False

    def __post_init__(self) -> None:
        """Raises ValueError for a quota that is set and taken away."""
        if self.no_quota and self.quota is not None:
            raise ValueError("quota and no_quota contradict each other")


class NewChannelLevels(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Levels of a channel; `uses_protected`: whether it may take what is protected;
    `min_life_days`: goods with an expiry must last so many days more to be sold there."""

    levels: Annotated[list[NewChannelLevel], msgspec.Meta(max_length=1000)] = []
    uses_protected: bool | None = None
    min_life_days: Annotated[int, msgspec.Meta(ge=0, le=3650)] | None = None


class Promotion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A lot is promoted from one moment until another; without both it is not promoted."""

    sku: SkuCode
    lot: Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
    starts_at: Instant | None = None
    ends_at: Instant | None = None

    def __post_init__(self) -> None:
        """Raises ValueError for half a time or one that ends first, and out of reach."""
        within_reach(self.starts_at)
        within_reach(self.ends_at)
        if (self.starts_at is None) != (self.ends_at is None):
            raise ValueError("starts_at and ends_at go together")
        if self.starts_at and self.ends_at and self.ends_at <= self.starts_at:
            raise ValueError("a promotion ends after it starts")


class NewPromotions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Promotions of lots; all of them, or none."""

    lots: Annotated[list[Promotion], msgspec.Meta(min_length=1, max_length=1000)]


class LevelsSet(msgspec.Struct, frozen=True):
    """How many rows were set."""

    rows: int


class Ended(msgspec.Struct, frozen=True):
    """How many ended in this round."""

    ended: int


class Reversed(msgspec.Struct, frozen=True):
    """The movement that moved another one back."""

    id: UUID
    reverses: UUID


class PartAvailable(msgspec.Struct, frozen=True):
    """A part of a kit: how many of it are in one, and what the channel may sell of it."""

    sku: str
    qty: int
    available: int


class ShownAvailable(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a channel may sell of a SKU, and on request from which nodes; of a kit its parts."""

    sku: str
    available: int
    nodes: list[NodeAvailable] = []
    parts: list[PartAvailable] = []


class AvailabilityChanges(msgspec.Struct, frozen=True):
    """SKUs that changed; `next` is the cursor for the next call. `everything`: the channel's pool
    or a rule of it changed, read again whatever you show of it."""

    items: list[ChangedAvailable]
    next: int
    everything: bool = False
