"""What is asked and what is answered: one shipment, its price line by line, or why not."""

from datetime import date, datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from entrepot.carriers.rating.cards import Amount, Code, Row

PieceGrams = Annotated[int, Meta(gt=0, le=5_000_000)]
PieceMillimetres = Annotated[int, Meta(gt=0, le=30_000)]
TariffLine = Annotated[str, Meta(pattern="^[0-9]{6}$")]

ExclusionCode = Literal[
    "unknown_service",
    "option_not_offered",
    "no_valid_card",
    "country_not_served",
    "goods_refused",
    "piece_too_heavy",
    "piece_too_long",
    "value_over_limit",
    "no_weight_band",
    "insured_over_cap",
    "identity_missing",
    "carrier_timed_out",
    "carrier_unreachable",
    "carrier_refused",
    "carrier_nonsense",
    "carrier_misconfigured",
    "carrier_no_offer",
]
"""In the order of `pricing_rules`, then ours: the identity only when identities were stated, and
what live carriers did instead of offering a price (`carriers.live`)."""


class Piece(Row, frozen=True):
    """One carton as measured: grams, three sides in millimetres, tags of the goods in it."""

    g: PieceGrams
    mm: tuple[PieceMillimetres, PieceMillimetres, PieceMillimetres]
    tags: tuple[Code, ...] = ("general",)


class Coupon(Row, frozen=True):
    """A part of the gross base price, at most `max_minor`."""

    permille: Annotated[int, Meta(ge=0, le=1000)]
    max_minor: Annotated[int, Meta(ge=0, le=10**12)] | None = None


class Request(Row, frozen=True, kw_only=True):
    """A shipment to be priced. `service` None means all of them (quotes only)."""

    country: Annotated[str, Meta(pattern=r"^\s*[A-Za-z]{2}\s*$")]
    ship_date: date
    pieces: Annotated[tuple[Piece, ...], Meta(min_length=1, max_length=1000)]
    service: Code | None = None
    state: Annotated[str, Meta(max_length=80)] | None = None
    postcode: Annotated[str, Meta(max_length=32)] | None = None
    declared: Amount | None = None
    hs6: Annotated[tuple[TariffLine, ...], Meta(max_length=1000)] | None = None
    tier: Code | None = None
    options: Annotated[tuple[Code, ...], Meta(max_length=50)] = ()
    vas: dict[Code, Annotated[int, Meta(ge=0, le=10_000)]] = msgspec.field(default_factory=dict)
    coupon: Coupon | None = None
    insured_minor: Annotated[int, Meta(ge=0, le=10**12)] | None = None
    storage_minor: Annotated[int, Meta(ge=0, le=10**12)] = 0
    identities: tuple[Code, ...] | None = None


class Line(msgspec.Struct, frozen=True):
    """One line of a price; `card`, `version` and `row` name where it comes from (rows, when
    waybills of one shipment fall into several)."""

    code: str
    minor: int
    card: str
    version: str
    row: str


class Waybill(msgspec.Struct, frozen=True):
    """How one waybill's chargeable weight (or volume) arose.

    `counted_g` is after the volumetric rule and before the minimum and the rounding. A card per
    cubic metre fills `chargeable_cm3` and charges no weight.
    """

    pieces: tuple[int, ...]
    actual_g: int
    volumetric_g: int
    counted_g: int
    chargeable_g: int
    chargeable_cm3: int | None = None


class Price(msgspec.Struct, frozen=True):
    """What a service costs: the total is the sum of the lines, in `currency`.

    `on_arrival` are estimates of what the receiver pays there, not part of the total.
    """

    service: str
    card: str
    version: str
    zone: str
    currency: str
    lines: tuple[Line, ...]
    total_minor: int
    waybills: tuple[Waybill, ...]
    on_arrival: tuple[Line, ...] = ()


class Excluded(msgspec.Struct, frozen=True):
    """Why a service is not offered; `piece` is the index of the piece at fault, if one is."""

    code: ExclusionCode
    piece: int | None = None


class Hint(msgspec.Struct, frozen=True, omit_defaults=True):
    """Advice beside a price: `add_weight` (pay less), `near_value_limit`, `duty_threshold` …"""

    code: Literal["add_weight", "split_value", "near_value_limit", "duty_threshold", "identity"]
    piece: int | None = None
    add_g: int | None = None
    saves_minor: int | None = None
    limit_minor: int | None = None
    currency: str | None = None
    shipments: int | None = None
    needs: tuple[str, ...] = ()


class Offer(msgspec.Struct, frozen=True):
    """One service in a quote: priced or excluded for `reasons`, with marks and hints."""

    service: str
    carrier: str
    name: dict[str, str]
    kind: str
    price: Price | None
    reasons: tuple[Excluded, ...]
    transit_days: tuple[int, int] | None
    arrives: tuple[date, date] | None
    needs: tuple[str, ...]
    incoterm: str | None
    marks: tuple[Literal["cheapest", "fastest", "best_value"], ...] = ()
    hints: tuple[Hint, ...] = ()


class Quote(msgspec.Struct, frozen=True):
    """All services side by side, priced ones first by price; valid until `expires_at`."""

    offers: tuple[Offer, ...]
    currency: str
    cards_sha256: str
    quoted_at: datetime
    expires_at: datetime
