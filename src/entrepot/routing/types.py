"""The network as people keep it: places with calendars and shifts, services with pick-ups.

Local times belong to their node's IANA zone. `routing.compile` turns this into the engine's
absolute minutes; flows fill it from nodes, stock and carriers.
"""

from datetime import date, datetime, time
from enum import StrEnum

import msgspec

from entrepot.kernel.calendars import Calendar
from entrepot.routing.engine.format import Attributes, Rate, Stock


class Counted(StrEnum):
    """What a daily limit counts."""

    SHIPMENTS = "shipments"
    UNITS = "units"
    GRAMS = "grams"


class DailyLimit(msgspec.Struct, frozen=True):
    """At most `limit` a local day of the node it is named at; `taken` so far on the day of now.

    `carrier`: only that carrier's services draw on it (its allotment); None: all of the node.
    """

    id: str
    node: str
    counts: Counted
    limit: int
    taken: int = 0
    carrier: str | None = None


class Shift(msgspec.Struct, frozen=True):
    """People who pick and pack on one ISO weekday, local times of one day."""

    weekday: int
    opens: time
    closes: time
    people: int


class Labour(msgspec.Struct, frozen=True):
    """The shifts of a node and the minutes that its work takes."""

    shifts: tuple[Shift, ...]
    minutes_per_shipment: int
    minutes_per_unit: int
    taken_min: int = 0


class Closure(msgspec.Struct, frozen=True):
    """An extraordinary closing: nothing is handed over from `start` until `end` (instants)."""

    start: datetime
    end: datetime


class PickUp(msgspec.Struct, frozen=True):
    """A carrier's pick-up on one ISO weekday: ready by `cut_off`, gone at `leaves`, local times.

    `leaves_days_later` counts local days from the cut-off's day (a truck after midnight: 1).
    """

    weekday: int
    cut_off: time
    leaves: time
    leaves_days_later: int = 0
    extra_transit_min: int = 0


class NetworkNode(msgspec.Struct, frozen=True):
    """A place that ships. Money in minor units of the problem's currency."""

    id: str
    lat: float
    lon: float
    region: str
    calendar: Calendar
    type: str = "warehouse"
    tags: tuple[str, ...] = ()
    regions_blocked: tuple[str, ...] = ()
    fix: int = 0
    unit: int = 0
    penalty: int = 0
    attrs: Attributes = {}
    stock: dict[str, Stock] = {}
    stock_attrs: dict[str, Attributes] = {}
    labour: Labour | None = None
    closures: tuple[Closure, ...] = ()


class NetworkService(msgspec.Struct, frozen=True):
    """A carrier's service at a node. No pick-up happens on `holidays` (the carrier's own)."""

    id: str
    node: str
    carrier: str
    level: str
    max_g: int
    divisor: int
    rates: tuple[Rate | None, ...]
    pick_ups: tuple[PickUp, ...]
    tags: tuple[str, ...] = ()
    cod: bool = False
    holidays: frozenset[date] = frozenset()


class Network(msgspec.Struct, frozen=True):
    """Everything about places and carriers that a decision reads."""

    nodes: tuple[NetworkNode, ...]
    services: tuple[NetworkService, ...]
    limits: tuple[DailyLimit, ...] = ()
