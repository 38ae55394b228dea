"""Values about how a node works: place, hours, capabilities, limits, masters of its quantities."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from entrepot.kernel.attributes import AttributeValues

Region = Annotated[str, Meta(pattern=r"^[A-Z0-9][A-Z0-9-]{0,15}$(?!\n)")]
Capability = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_-]{0,31}$(?!\n)")]
Clock = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$(?!\n)")]
Weekday = Annotated[int, Meta(ge=1, le=7)]
Master = Literal["entrepot", "erp", "wms", "external"]
_Regions = Annotated[list[Region], Meta(max_length=500)]
_Minutes = Annotated[int, Meta(ge=0, le=10_000)]
_Text = Annotated[str, Meta(min_length=1, max_length=120)]


class Hours(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Open on an ISO weekday (Monday 1) between two local times of one day."""

    weekday: Weekday
    opens: Clock
    closes: Clock


class StaffedHours(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """So many people pick and pack on a weekday between two local times."""

    weekday: Weekday
    opens: Clock
    closes: Clock
    people: Annotated[int, Meta(ge=1, le=10_000)]


class Closure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An extraordinary closing from one instant until another."""

    starts_at: Annotated[datetime, Meta(tz=True)]
    ends_at: Annotated[datetime, Meta(tz=True)]

    def __post_init__(self) -> None:
        """Raises ValueError for years at the ends of the calendar, which UTC has not all of."""
        if not all(1900 <= moment.year <= 9000 for moment in (self.starts_at, self.ends_at)):
            raise ValueError("this moment is out of reach")


class Capacity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """At most so much a local day."""

    counts: Literal["shipments", "units", "grams"]
    daily_limit: Annotated[int, Meta(ge=0, le=10**12)]


class Lane(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is true of one carrier from this node into one region of destinations.

    `attributes` are those that nodes can have; rules read them as `lane.attrs.<name>`.
    """

    carrier: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$(?!\n)")]
    region: Region
    attributes: Annotated[AttributeValues, Meta(min_length=1, max_length=50)]


class ChangedNode(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What shall change at a node; fields that are left out stay, lists are replaced whole.

    `regions_served` empty: everywhere. `opens` and `closes` null: around the clock on
    `weekdays`. `lat` and `lon` null: found again from city and postcode.
    """

    names: dict[str, _Text] | UnsetType = UNSET
    zone: Annotated[str, Meta(min_length=1, max_length=64)] | UnsetType = UNSET
    country: Annotated[str, Meta(pattern=r"^[A-Z]{2}$(?!\n)")] | UnsetType | None = UNSET
    address: Annotated[str, Meta(max_length=400)] | UnsetType | None = UNSET
    city: _Text | UnsetType | None = UNSET
    postcode: Annotated[str, Meta(min_length=1, max_length=12)] | UnsetType | None = UNSET
    lat: Annotated[float, Meta(ge=-90, le=90)] | UnsetType | None = UNSET
    lon: Annotated[float, Meta(ge=-180, le=180)] | UnsetType | None = UNSET
    region: Region | UnsetType | None = UNSET
    regions_served: _Regions | UnsetType = UNSET
    regions_blocked: _Regions | UnsetType = UNSET
    capabilities: Annotated[list[Capability], Meta(max_length=50)] | UnsetType = UNSET
    attributes: Annotated[AttributeValues, Meta(max_length=50)] | UnsetType = UNSET
    weekdays: Annotated[list[Weekday], Meta(max_length=7)] | UnsetType = UNSET
    opens: Clock | UnsetType | None = UNSET
    closes: Clock | UnsetType | None = UNSET
    holidays: Annotated[list[date], Meta(max_length=400)] | UnsetType = UNSET
    closures: Annotated[list[Closure], Meta(max_length=100)] | UnsetType = UNSET
    staffed: Annotated[list[StaffedHours], Meta(max_length=50)] | UnsetType = UNSET
    pick_up: Annotated[list[Hours], Meta(max_length=50)] | UnsetType = UNSET
    minutes_per_shipment: _Minutes | UnsetType | None = UNSET
    minutes_per_unit: _Minutes | UnsetType | None = UNSET
    capacities: Annotated[list[Capacity], Meta(max_length=3)] | UnsetType = UNSET
    lanes: Annotated[list[Lane], Meta(max_length=2000)] | UnsetType = UNSET
    quantities_master: Master | UnsetType = UNSET
    allocation_owner: Master | UnsetType = UNSET


class NodeDetail(msgspec.Struct, frozen=True):
    """All of a node. `position_from` tells how its coordinates came."""

    id: UUID
    code: str
    kind: str
    version: int
    zone: str
    names: dict[str, str]
    country: str | None
    address: str | None
    city: str | None
    postcode: str | None
    lat: float | None
    lon: float | None
    position_from: Literal["given", "city", "postcode"] | None
    region: str | None
    regions_served: list[str]
    regions_blocked: list[str]
    capabilities: list[str]
    attributes: dict[str, str | int | bool | list[str]]
    weekdays: list[int]
    opens: str | None
    closes: str | None
    holidays: list[date]
    closures: list[Closure]
    staffed: list[StaffedHours]
    pick_up: list[Hours]
    minutes_per_shipment: int | None
    minutes_per_unit: int | None
    capacities: list[Capacity]
    quantities_master: str
    allocation_owner: str
    groups: list[str]
    lanes: list[Lane] = []


class NodeFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of nodes, one of the two: `csv` as text, or a file of either kind as base64."""

    csv: Annotated[str, Meta(min_length=1)] | None = None
    xlsx: bytes | None = None


class ImportedNodes(msgspec.Struct, frozen=True):
    """What an import of nodes did."""

    created: int
    changed: int
    unchanged: int


class Located(msgspec.Struct, frozen=True):
    """Coordinates and how they were found."""

    lat: float
    lon: float
    by: Literal["city", "postcode"]
