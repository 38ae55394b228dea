"""Values of picking: what to fetch for a reservation, what was fetched, what was not there."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import msgspec

from entrepot.stock.transfers.types import Scanned, SerialCode
from entrepot.stock.types import BinCode, NodeCode, Units

LotCode = Annotated[str, msgspec.Meta(min_length=1, max_length=60)]


class PickedGoods(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Goods that a picker has taken out of a bin for a reservation. Without `lot` the bin's goods
    that expire first; without `into` the node's first bin for packing."""

    node: NodeCode
    bin: BinCode
    sku: Scanned
    qty: Units = 1
    lot: LotCode | None = None
    serial: SerialCode | None = None
    into: BinCode | None = None


class UnpickedGoods(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Picked goods that are put back; without `to` where they came from."""

    node: NodeCode
    sku: Scanned
    qty: Units = 1
    bin: BinCode | None = None
    lot: LotCode | None = None
    serial: SerialCode | None = None
    to: BinCode | None = None


class MissedGoods(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Goods that a list says lie in a bin, and there are none, or no more."""

    node: NodeCode
    bin: BinCode
    sku: Scanned
    lot: LotCode | None = None


class PickTask(msgspec.Struct, frozen=True):
    """So many of a SKU to fetch from a bin; with `serials` each is named by its own."""

    bin: str
    sku: str
    lot: str
    expires_on: date | None
    qty: int
    serials: bool


class PickedLine(msgspec.Struct, frozen=True):
    """What was fetched and where it lies now; `came_from` is the bin it left."""

    bin: str
    sku: str
    lot: str
    serial: str
    qty: int
    came_from: str


class PickLine(msgspec.Struct, frozen=True):
    """What a reservation holds of a SKU at the node, and what of it was fetched."""

    sku: str
    qty: int
    picked: int
    backordered: int


class TakenOver(msgspec.Struct, frozen=True):
    """So many of a SKU were not here after a short pick: `node` sends them."""

    sku: str
    qty: int
    node: str
    at: datetime


WhereTo = list[TakenOver]


class PickList(msgspec.Struct, frozen=True):
    """What one node has to fetch for a reservation: `tasks` by bin, for the next unit first what
    expires first. Tasks sum to less than what is missing when the bins do. `taken_over`: what went
    to other nodes after short picks here; an order that left the node has nothing else."""

    id: UUID
    reference: str
    channel: str
    node: str
    state: str
    strength: str
    lines: list[PickLine]
    tasks: list[PickTask]
    picked: list[PickedLine]
    taken_over: list[TakenOver] = []  # kept answers of before have none


class PickSummary(msgspec.Struct, frozen=True):
    """A reservation with something to fetch at a node."""

    id: UUID
    reference: str
    channel: str
    node: str
    strength: str
    created_at: datetime
    units: int
    picked: int
    backordered: int


class ShortPick(msgspec.Struct, frozen=True):
    """What became of goods that were not there: units set on hold until the bin is counted, what
    other nodes took over (`taken_over`: which, of all short picks of the order here), and what the
    reservation waits for now. `list` is None when nothing of it is left at this node."""

    held: int
    reallocated: int
    backordered: int
    count_id: UUID | None
    list: PickList | None
    taken_over: WhereTo = []
