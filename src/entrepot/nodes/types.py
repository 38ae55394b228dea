"""Values of the nodes room: places, bins and addresses as asked for and as shown."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

NodeCode = Annotated[str, Meta(pattern=r"^[A-Z0-9][A-Z0-9-]{0,15}$(?!\n)")]
BinCode = Annotated[str, Meta(pattern=r"^[A-Z0-9][A-Z0-9-]{0,23}$(?!\n)")]
NodeKind = Literal["warehouse", "store", "partner", "marketplace"]
BinClass = Literal[
    "staging", "shelf", "pallet", "floor", "battery", "cage", "exception", "unclaimed", "packed",
    "outbound",
]  # fmt: skip
Step = Literal["inspect"]
_Grams = Annotated[int, Meta(ge=1, le=100_000_000)]
_Millimetres = Annotated[int, Meta(ge=1, le=100_000)]
_Few = Annotated[int, Meta(ge=1, le=999)]


class NewNode(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A node to be. `names` and `receiving_address` are by language (`zh-CN`, `en`).

    An address template contains `{suite_code}`, which each customer's own code replaces.
    `zone` is an IANA time zone, `country` ISO 3166 alpha-2. Without coordinates they are found
    from city or postcode, where these are known. `steps_off` names steps that this node does not
    use; without it inspection is off.
    """

    code: NodeCode
    zone: Annotated[str, Meta(min_length=1, max_length=64)]
    kind: NodeKind = "warehouse"
    names: dict[str, Annotated[str, Meta(min_length=1, max_length=120)]] = {}
    country: Annotated[str, Meta(pattern=r"^[A-Z]{2}$(?!\n)")] | None = None
    address: Annotated[str, Meta(max_length=400)] | None = None
    city: Annotated[str, Meta(min_length=1, max_length=120)] | None = None
    postcode: Annotated[str, Meta(min_length=1, max_length=12)] | None = None
    lat: Annotated[float, Meta(ge=-90, le=90)] | None = None
    lon: Annotated[float, Meta(ge=-180, le=180)] | None = None
    receiving_address: dict[str, Annotated[str, Meta(min_length=1, max_length=400)]] = {}
    receiving_phone: Annotated[str, Meta(max_length=40)] | None = None
    steps_off: list[Step] = msgspec.field(default_factory=lambda: ["inspect"])


class Node(msgspec.Struct, frozen=True):
    """A node as it is shown. `bins` counts its open bins."""

    id: UUID
    code: str
    kind: str
    zone: str
    names: dict[str, str]
    country: str | None
    address: str | None
    lat: float | None
    lon: float | None
    receiving_address: dict[str, str]
    receiving_phone: str | None
    receiving_bin: str
    steps_off: list[str]
    bins: int


class NewBin(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One bin to be."""

    code: BinCode
    bin_class: BinClass = msgspec.field(default="shelf", name="class")
    max_g: _Grams | None = None
    length_mm: _Millimetres | None = None
    width_mm: _Millimetres | None = None
    height_mm: _Millimetres | None = None
    max_parcels: _Few | None = None


class NewBinZone(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A storage zone full of equal bins, named `<zone>-<aisle>-<bay>-<level>`: `A-01-12-3`."""

    code: Annotated[str, Meta(pattern=r"^[A-Z]{1,3}$(?!\n)")]
    aisles: Annotated[int, Meta(ge=1, le=99)]
    bays: Annotated[int, Meta(ge=1, le=99)]
    levels: Annotated[int, Meta(ge=1, le=9)]
    bin_class: BinClass = msgspec.field(default="shelf", name="class")
    max_g: _Grams | None = None
    length_mm: _Millimetres | None = None
    width_mm: _Millimetres | None = None
    height_mm: _Millimetres | None = None
    max_parcels: _Few | None = None


class NewBins(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Bins to be, one by one or zone by zone; together at most 10,000."""

    bins: Annotated[list[NewBin], Meta(max_length=2000)] = []
    zones: Annotated[list[NewBinZone], Meta(max_length=40)] = []


class CreatedBins(msgspec.Struct, frozen=True):
    """How many bins of the request are new, and how many the node had already."""

    warehouse: str
    created: int
    existing: int


class Bin(msgspec.Struct, frozen=True):
    """A bin as it is shown."""

    id: UUID
    warehouse: str
    code: str
    bin_class: str = msgspec.field(name="class")
    receiving: bool
    max_g: int | None
    max_parcels: int | None


class ReceivingAddress(msgspec.Struct, frozen=True):
    """Where a customer lets sellers send: `lines` by language, ready to copy."""

    warehouse: str
    zone: str
    names: dict[str, str]
    lines: dict[str, str]
    phone: str | None


class NodePlace(msgspec.Struct, frozen=True):
    """What a flow needs to know of a node."""

    node_id: UUID
    code: str
    steps_off: list[str]
