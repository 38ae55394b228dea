"""The interchange format: `routing-problem/1` and `routing-plan/1` as typed values.

All numbers are whole numbers except coordinates: money in minor units, weight in grams, volume
in cm3, time in minutes since `instant0` (before it: negative). Unknown fields are refused.
"""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

MAX_BYTES = 128 * 1024 * 1024
MAX_ORDERS = 50_000
MAX_COST = 2**50
"""No order of a problem may be able to cost this much; the engine's sums stay inside 64 bits."""

Name = Annotated[str, Meta(min_length=1, max_length=200)]
Amount = Annotated[int, Meta(ge=0, le=10**12)]
SignedAmount = Annotated[int, Meta(ge=-(10**12), le=10**12)]
Count = Annotated[int, Meta(ge=0, le=10**9)]
Units = Annotated[int, Meta(ge=1, le=10**6)]
Positive = Annotated[int, Meta(ge=1, le=10**9)]
Minute = Annotated[int, Meta(ge=-(10**9), le=10**9)]
Attributes = dict[str, str | int | bool | list[str]]


class Capacity(Struct, frozen=True, forbid_unknown_fields=True):
    """What a node, a carrier or a shift can still take, in units its users agree on."""

    id: Name
    left: Amount


class Use(Struct, frozen=True, forbid_unknown_fields=True, array_like=True):
    """How a shipment draws on one capacity: per shipment, per unit and per actual gram."""

    capacity: Name
    per_shipment: Count
    per_unit: Count
    per_g: Count


class Stock(Struct, frozen=True, forbid_unknown_fields=True, array_like=True):
    """Units of one SKU at one node; usable = max(0, atp - safety); shadow: money per unit."""

    atp: SignedAmount
    safety: Amount
    shadow: SignedAmount

    @property
    def usable(self) -> int:
        """Units that may be promised."""
        return max(0, self.atp - self.safety)


class Node(Struct, frozen=True, forbid_unknown_fields=True):
    """A place that ships: coordinates, capabilities, handling costs and stock."""

    id: Name
    lat: Annotated[float, Meta(ge=-90, le=90)]
    lon: Annotated[float, Meta(ge=-180, le=180)]
    region: str
    type: str = "warehouse"
    tags: list[str] = []
    regions_blocked: list[str] = []
    fix: Amount = 0
    unit: Amount = 0
    penalty: Amount = 0
    cap_units: Count | None = None
    uses: list[Use] = []
    attrs: Attributes = {}
    stock: dict[str, Stock] = {}
    stock_attrs: dict[str, Attributes] = {}


class Departure(Struct, frozen=True, forbid_unknown_fields=True, array_like=True):
    """One truck: handed over by `catch_by`, it leaves at `leaves`; minutes since instant0."""

    catch_by: Minute
    leaves: Minute
    extra_transit: Minute


class Rate(Struct, frozen=True, forbid_unknown_fields=True, array_like=True):
    """The price of one zone: a first weight, then steps; transit in minutes."""

    first_g: Count
    first_price: Amount
    step_g: Positive
    step_price: Amount
    transit_min: Annotated[int, Meta(ge=0, le=10**9)]


class Service(Struct, frozen=True, forbid_unknown_fields=True):
    """A carrier's service level as one node offers it. `rates` has one entry per zone 0..5."""

    id: Name
    node: Name
    carrier: str
    level: str
    max_g: Count
    divisor: Positive
    departures: list[Departure]
    rates: Annotated[list[Rate | None], Meta(min_length=6, max_length=6)]
    tags: list[str] = []
    cod: bool = False
    uses: list[Use] = []


class Destination(Struct, frozen=True, forbid_unknown_fields=True):
    """Where an order goes."""

    lat: Annotated[float, Meta(ge=-90, le=90)]
    lon: Annotated[float, Meta(ge=-180, le=180)]
    region: str


class Line(Struct, frozen=True, forbid_unknown_fields=True):
    """One SKU of an order; `short`: cost per unit not shipped, null: it must ship."""

    sku: Name
    qty: Units
    g: Count
    cm3: Count
    tags: list[str] = []
    attrs: Attributes = {}
    group: str | None = None
    short: Amount | None = None


class Order(Struct, frozen=True, forbid_unknown_fields=True):
    """What must be shipped, from when, to where, until when, and in how many pieces."""

    id: Name
    ready: Minute
    dest: Destination
    lines: Annotated[list[Line], Meta(min_length=1, max_length=500)]
    cod: bool = False
    attrs: Attributes = {}
    deliver_by: Minute | None = None
    late: Literal["hard", "soft"] = "hard"
    late_day: Amount = 0
    max_shipments: Annotated[int, Meta(ge=1, le=10**6)] | None = None
    ship_complete: bool = False
    split_lines: bool = True


class Problem(Struct, frozen=True, forbid_unknown_fields=True):
    """A whole `routing-problem/1`."""

    format: Literal["routing-problem/1"]
    instant0: Annotated[datetime, Meta(tz=True)]
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}$")]
    now: Minute
    zone_km: Annotated[
        list[Annotated[float, Meta(ge=0, le=50_000)]], Meta(min_length=5, max_length=5)
    ]
    nodes: Annotated[list[Node], Meta(max_length=5_000)]
    services: Annotated[list[Service], Meta(max_length=50_000)]
    orders: Annotated[list[Order], Meta(max_length=MAX_ORDERS)]
    capacities: list[Capacity] = []
    seed: int = 0


Observed = str | int | bool | list[str] | None


class Exclusion(Struct, frozen=True):
    """Why an option cannot be used: a stable code, what was seen, what would be needed."""

    code: str
    observed: Observed
    required: Observed


class Candidate(Struct, frozen=True, omit_defaults=True):
    """One option of an explained order: excluded, or `delta` money above the chosen plan."""

    node: str
    service: str
    excluded: Exclusion | None = None
    delta: int | None = None


class Shipment(Struct, frozen=True):
    """One option used: what it carries, what it costs and when it arrives."""

    service: str
    node: str
    eta: int
    cost: int
    units: dict[str, int]


Status = Literal["optimal", "bounded", "infeasible"]


class OrderPlan(Struct, frozen=True, omit_defaults=True):
    """The decision for one order. `short` counts units that do not ship."""

    id: str
    status: Status
    cost: int
    lower_bound: int
    shipments: tuple[Shipment, ...]
    short: dict[str, int]
    candidates: tuple[Candidate, ...] | None = None


class Plan(Struct, frozen=True):
    """A whole `routing-plan/1`; `work` counts units of work, not time."""

    format: Literal["routing-plan/1"]
    engine: str
    status: Status
    cost: int
    lower_bound: int
    work: int
    orders: tuple[OrderPlan, ...]


def plan_bytes(plan: Plan) -> bytes:
    """The plan as canonical JSON: fields in the order of the format, SKUs sorted."""
    return msgspec.json.encode(plan, order="deterministic")
