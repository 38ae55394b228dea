"""The form of a card file: services with rate cards, and the rules that all of them share.

Amounts are minor units of the card's currency, weights grams, lengths millimetres, volumes cubic
centimetres, rates permille or minor units per kilogram. Every object refuses unknown fields.
"""

from datetime import date
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

MOST_MINOR = 10**12
Minor = Annotated[int, Meta(ge=0, le=MOST_MINOR)]
Grams = Annotated[int, Meta(gt=0, le=10**8)]
Millimetres = Annotated[int, Meta(gt=0, le=10**6)]
Permille = Annotated[int, Meta(ge=0, le=10_000)]
Country = Annotated[str, Meta(pattern="^[A-Z]{2}$")]
Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$")]
Code = Annotated[str, Meta(min_length=1, max_length=80)]
Postcodes = dict[Country, list[Code]]
Names = dict[str, str]
Dims = Literal["exact", "half_up_cm", "up_cm", "half_up_in", "up_in"]
DivisorUnit = Literal["cm3_per_kg", "in3_per_lb"]
Pieces = Literal["each", "sum_then_round", "max_of_sums"]


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of every object in a card file: frozen, and no field that nobody reads."""


class Amount(Row, frozen=True):
    """Minor units of a currency, as written in card files and requests."""

    minor: Minor
    currency: Currency


class MaxValue(Amount, frozen=True):
    """The highest declared value a line takes; `inclusive` says whether exactly it is taken."""

    inclusive: bool = True


class Rounding(Row, frozen=True):
    """Weights up to `upto_g` (None: all above) are rounded up to a multiple of `step_g`."""

    upto_g: Grams | None
    step_g: Grams


class _Weighed(Row, frozen=True, tag_field="method", kw_only=True):
    divisor: Annotated[int, Meta(gt=0, le=10**6)]
    dims: Dims
    divisor_unit: DivisorUnit = "cm3_per_kg"
    pieces: Pieces
    min_g: Grams
    round: Annotated[list[Rounding], Meta(min_length=1)]
    min_piece_g: Grams | None = None


class MaxWeight(_Weighed, frozen=True, tag="max"):
    """The larger of actual and volumetric weight."""


class ActualWeight(Row, frozen=True, tag_field="method", tag="actual", kw_only=True):
    """Only what the scale says."""

    dims: Dims
    pieces: Pieces
    min_g: Grams
    round: Annotated[list[Rounding], Meta(min_length=1)]
    min_piece_g: Grams | None = None
    divisor: None = None
    divisor_unit: Literal["cm3_per_kg"] = "cm3_per_kg"


class SideWeight(_Weighed, frozen=True, tag="max_if_any_side_ge", kw_only=True):
    """Volumetric weight counts only when a side reaches `side_mm`."""

    side_mm: Millimetres


class SumWeight(_Weighed, frozen=True, tag="max_unless_sides_sum_le", kw_only=True):
    """Volumetric weight is ignored when the three sides sum to at most `sum_mm`."""

    sum_mm: Millimetres


class RatioWeight(_Weighed, frozen=True, tag="max_if_vol_gt_k_actual", kw_only=True):
    """Volumetric weight counts only above `k_permille` thousandths of the actual weight."""

    k_permille: Annotated[int, Meta(ge=1000, le=100_000)]


class HalfWeight(_Weighed, frozen=True, tag="half_volumetric", kw_only=True):
    """Actual weight plus half of what the volumetric weight exceeds it by (分泡)."""


class Volume(Row, frozen=True, tag_field="method", tag="volume"):
    """No weight: the price is per cubic metre."""

    dims: Dims
    pieces: Literal["each", "sum_then_round"]


WeightRule = MaxWeight | ActualWeight | SideWeight | SumWeight | RatioWeight | HalfWeight | Volume


class KgBand(Row, frozen=True):
    """From `from_g` on, the whole weight costs `per_kg_minor` a kilogram."""

    from_g: Annotated[int, Meta(ge=0, le=10**8)]
    per_kg_minor: Minor


class RegisteredBand(Row, frozen=True):
    """Up to `to_g` (inclusive): a registration fee (挂号费) and a price per kilogram."""

    to_g: Grams
    per_kg_minor: Minor
    registration_minor: Minor


class FirstStep(Row, frozen=True, tag_field="kind", tag="first_step"):
    """First weight, then a price per started step (首重续重)."""

    first_g: Grams
    first_minor: Minor
    step_g: Grams
    step_minor: Minor


class FirstStepThenBands(Row, frozen=True, tag_field="kind", tag="first_step_then_kg_bands"):
    """First weight and steps below the first band, whole-weight kilogram prices from there."""

    first_g: Grams
    first_minor: Minor
    step_g: Grams
    step_minor: Minor
    bands: Annotated[list[KgBand], Meta(min_length=1)]


class RegistrationPlusKg(Row, frozen=True, tag_field="kind", tag="registration_plus_kg"):
    """Registration fee and a price per kilogram by the gram, in bands."""

    bands: Annotated[list[RegisteredBand], Meta(min_length=1)]


class KgBands(Row, frozen=True, tag_field="kind", tag="kg_bands"):
    """A price per kilogram of the whole weight; `break_weight` takes a cheaper next band."""

    bands: Annotated[list[KgBand], Meta(min_length=1)]
    break_weight: bool = False


class PerCubicMetre(Row, frozen=True, tag_field="kind", tag="per_cbm"):
    """A price per cubic metre, with a least volume, a step, and the weight a metre may have."""

    per_cbm_minor: Minor
    min_cm3: Annotated[int, Meta(ge=0, le=10**9)]
    step_cm3: Annotated[int, Meta(gt=0, le=10**9)]
    kg_per_cbm: Annotated[int, Meta(gt=0, le=10**6)]


Price = FirstStep | FirstStepThenBands | RegistrationPlusKg | KgBands | PerCubicMetre


class When(Row, frozen=True):
    """What a piece must be like (measured, not rounded) for a surcharge to fall on it."""

    longest_mm_gt: Millimetres | None = None
    sides_sum_mm_gt: Millimetres | None = None
    piece_g_gt: Grams | None = None
    piece_g_ge: Grams | None = None
    piece_g_le: Grams | None = None
    tag_any: list[Code] | None = None


class Surcharge(Row, frozen=True):
    """One surcharge: exactly one of `minor`, `minor_per_kg`, `rate_minor_per_kg` is its price."""

    code: Code
    phase: Literal["dynamic", "post_tax"]
    per: Literal[
        "piece", "shipment", "chargeable_kg", "chargeable_kg_started", "chargeable_kg_started_half"
    ]
    minor: Minor | None = None
    minor_per_kg: Minor | None = None
    rate_minor_per_kg: dict[str, Minor] | None = None
    min_minor: Minor = 0
    when: When | None = None
    valid: tuple[date, date] | None = None
    fuelable: bool = False
    exclusive_group: Code | None = None
    postcodes: Postcodes | None = None
    option: bool = False
    zh: str = ""
    en: str = ""
    note: str = ""


class FuelRow(Row, frozen=True):
    """The fuel rate from a day on."""

    valid_from: date
    permille: Permille


class Fuel(Row, frozen=True):
    """Fuel rates in order of their days."""

    permille: Annotated[list[FuelRow], Meta(min_length=1)]


class Tax(Row, frozen=True):
    """A tax or duty: `permille` of a basis, or `minor` for each distinct tariff line.

    It falls only on a declared value above `above` and up to `upto` (de minimis and ceilings).
    What the receiver pays on arrival is estimated beside the price, not in it.
    """

    code: Code
    permille: Permille | None = None
    basis: list[Code] = []
    min_minor: Minor = 0
    per: Literal["distinct_hs6"] | None = None
    minor: Minor | None = None
    currency: Currency | None = None
    above: Amount | None = None
    upto: Amount | None = None
    paid_by: Literal["sender", "receiver"] = "sender"
    zh: str = ""
    en: str = ""
    note: str = ""


class Card(Row, frozen=True):
    """One version of a service's prices, valid on the ship dates from … to (inclusive)."""

    card: Code
    version: Code
    valid_from: date
    valid_to: date | None
    currency: Currency
    weight: WeightRule
    price: Annotated[dict[str, Price], Meta(min_length=1)]
    surcharges: list[Surcharge]
    fuel: Fuel | None
    tax: list[Tax]


class Goods(Row, frozen=True):
    """Tags a line takes and refuses; a tag in neither list is refused."""

    allowed: list[Code]
    refused: list[Code]
    rule: str = ""


class Limits(Row, frozen=True):
    """What one piece may weigh and measure, and what the shipment may be worth."""

    max_piece_g: Grams
    max_longest_mm: Millimetres
    max_value: MaxValue | None = None


class ZoneRule(Row, frozen=True):
    """Part of a country that has a zone of its own; `zone` None means it is not served.

    `postcodes` entries: `998` a prefix, `995..999` a range of prefixes of equal length, a `!` in
    front an exception. Without postcodes the rule is for a state, without both for the country.
    """

    country: Country
    zone: Code | None
    state: Code | None = None
    postcodes: Annotated[list[Code], Meta(min_length=1)] | None = None


class Service(Row, frozen=True):
    """A line of a carrier. The same id may stand again with the next version of its card."""

    id: Code
    carrier: str
    name: Names
    kind: Code
    transit_days: Annotated[dict[str, tuple[int, int]], Meta(min_length=1)]
    goods: Goods
    limits: Limits
    rate: Card
    zones: dict[Country, Code] | None = None
    zone_rules: list[ZoneRule] = []
    needs: list[Code] = []
    incoterm: Literal["DDP", "DAP", "DDU"] | None = None


class Exchange(Row, frozen=True):
    """Rates in units of `base` for one unit of each currency, times a million."""

    rates_e6: dict[Currency, Annotated[int, Meta(gt=0, le=10**15)]]
    customer_margin_permille: Permille
    lock_minutes: Annotated[int, Meta(gt=0, le=10_000)]
    pay_rounding: dict[str, str]
    as_of: str = ""
    base: Currency = "CNY"
    rounding: Literal["half_up"] = "half_up"
    note: str = ""


class Insurance(Row, frozen=True):
    """Insurance: `permille` of the insured value, at least `min_minor`, refused above the cap."""

    permille: Permille
    min_minor: Minor
    max_insured_minor: Minor
    currency: Currency
    phase: Literal["post_tax"] = "post_tax"
    exclusions: list[str] = []


class Tier(Row, frozen=True):
    """A member tier and its discount on the base price."""

    tier: Code
    base_discount_permille: Annotated[int, Meta(ge=0, le=1000)]


class ValueAdded(Row, frozen=True):
    """A value-added service: `minor` a unit, and by the kilogram of the shipment where stated."""

    code: Code
    minor: Minor
    per: str
    plus_per_kg_minor: Minor = 0
    plus: str = ""
    zh: str = ""
    en: str = ""


class DutyThreshold(Row, frozen=True):
    """A value at which a country's duty or clearance rules change, for hints only."""

    country: Country
    minor: Minor
    currency: Currency
    note: str = ""


class StorageWeight(Row, frozen=True):
    """The daily fee of parcels up to `to_g` (None: all heavier)."""

    to_g: Grams | None
    minor: Minor


class StorageFee(Row, frozen=True):
    """Daily fees of a stretch of overdue days, by weight."""

    from_overdue_day: Annotated[int, Meta(gt=0)]
    to_overdue_day: Annotated[int, Meta(gt=0)]
    by_weight: Annotated[list[StorageWeight], Meta(min_length=1)]


class FreeDays(Row, frozen=True):
    """How many days a member tier stores for nothing."""

    tier: Code
    free_days: Annotated[int, Meta(ge=0, le=3650)]


class StorageRules(Row, frozen=True):
    """Free days and daily fees of a warehouse, and when a parcel counts as abandoned."""

    tiers: Annotated[list[FreeDays], Meta(min_length=1)]
    fees: Annotated[list[StorageFee], Meta(min_length=1)]
    currency: Currency
    day_count: str = ""
    reminders_days_before: list[int] = []
    abandon_after_overdue_day: int = 0
    destroy_not_before_days_after_abandon: int = 0
    unclaimed_days: int = 0


class CardFile(msgspec.Struct, frozen=True):
    """A card file. Other keys beside these are left alone: the demo file carries many."""

    services: Annotated[list[Service], Meta(min_length=1)]
    fx: Exchange
    insurance: Insurance
    member_tiers: list[Tier]
    value_added_services: list[ValueAdded]
    pricing_rules: dict[str, Any] = {}
    duty_thresholds: list[DutyThreshold] = []
