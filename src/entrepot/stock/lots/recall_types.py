"""Values of recalls: as they are opened, and as they are shown."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from entrepot.stock.types import SkuCode

MOST_LOTS = 200
RecallCause = Literal["safety", "quality", "labelling", "authority", "supplier", "other"]
RecallState = Literal["open", "released", "scrapped"]


class NewRecallLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One lot of a SKU, or all of its lots that expire in a stretch of days (both included)."""

    sku: SkuCode
    lot: Annotated[str, Meta(min_length=1, max_length=60)] | None = None
    expires_from: date | None = None
    expires_until: date | None = None

    def __post_init__(self) -> None:
        """Raises ValueError unless it names a lot or days, in their order."""
        days = (self.expires_from, self.expires_until)
        if (self.lot is None) == (days == (None, None)):
            raise ValueError("name a lot, or days of expiry")
        if None not in days and days[0] > days[1]:  # type: ignore[operator]
            raise ValueError("expires_from is never after expires_until")


class NewRecall(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Lots to call back; `reference` is the maker's or the authority's number of it."""

    reference: Annotated[str, Meta(min_length=1, max_length=60)]
    cause: RecallCause
    lines: Annotated[list[NewRecallLine], Meta(min_length=1, max_length=MOST_LOTS)]


class RecallOutcome(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a recall ends: the goods are good after all, or are scrapped."""

    outcome: Literal["released", "scrapped"]


class RecallSummary(msgspec.Struct, frozen=True):
    """A recall in a list. `units` is how many were taken into quarantine when it was opened."""

    id: UUID
    reference: str
    cause: RecallCause
    state: RecallState
    units: int
    opened_at: datetime
    opened_by: str
    closed_at: datetime | None
    closed_by: str | None


class RecallLine(msgspec.Struct, frozen=True):
    """What is called back."""

    sku: str
    lot: str | None
    expires_from: date | None
    expires_until: date | None


class RecalledGoods(msgspec.Struct, frozen=True):
    """Goods of the recall's lots that lie somewhere now, whatever their status."""

    sku: str
    lot: str
    node: str
    bin: str
    owner: str
    status: str
    on_hand: int


class Recall(RecallSummary, frozen=True):
    """A recall with its lots and where they lie; 1,000 places at most."""

    lines: list[RecallLine] = []
    lies: list[RecalledGoods] = []
    left_units: int = 0
    """Units that went to customers and partners and did not come back."""


class Recipient(msgspec.Struct, frozen=True):
    """What left with a reference (an order, a shipment) of one lot, and what came back of it."""

    reference: str
    sku: str
    lot: str
    node: str
    place: str
    sent: int
    returned: int
    first_at: datetime
    last_at: datetime
