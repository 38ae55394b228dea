"""The price of a packed draft: many parcels packed beside, ranges around what is quoted."""

import random
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import msgspec
import pytest

from entrepot.carriers.rating.compiling import Tariff
from entrepot.carriers.rating.files import read_tariff
from entrepot.carriers.rating.quotes import quote_all
from entrepot.consolidation.eligibility import Rules
from entrepot.consolidation.packing.types import CartonType
from entrepot.consolidation.pricing import Priced, boxed, price
from entrepot.consolidation.rules import fingerprint, shown
from entrepot.consolidation.types import Candidate, Declared, Destination

DEMO = Path(__file__).resolve().parents[2] / "demo" / "demo-data.json"
DAY, NOW = date(2026, 11, 22), datetime(2026, 11, 22, 6, tzinfo=UTC)
AUSTIN = Destination("US", postcode="78704")
SHIRT = Declared("clothing", 1, 9900, "CNY", "610910")


@pytest.fixture(scope="module")
def tariff() -> Tariff:
    return read_tariff(DEMO.read_bytes())


@pytest.fixture(scope="module")
def cartons() -> list[CartonType]:
    document = msgspec.json.decode(DEMO.read_bytes())
    return msgspec.convert(document["cartons"], list[CartonType])


def parcel(number: int, mm: tuple[int, int, int], grams: int, **changes: object) -> Candidate:
    made = Candidate(
        id=UUID(int=number + 1), tracking_number=f"SF{number:013}", piece=1, pieces=None,
        arrived=1, warehouse="SZX1", status="stored", held=False, weight_g=grams,
        length_mm=mm[0], width_mm=mm[1], height_mm=mm[2], tags=("general",), items=(SHIRT,),
        put_away=NOW, claimed_by=None, asked=False, draft=None,
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def some(count: int, seed: int) -> list[Candidate]:
    dice = random.Random(seed)
    return [
        parcel(
            at,
            (dice.randint(80, 330), dice.randint(60, 250), dice.randint(30, 150)),
            dice.randint(100, 1900),
        )
        for at in range(count)
    ]


@pytest.mark.parametrize("count", [2, 4, 12, 30])
async def test_every_parcel_lies_in_one_box_here_and_in_the_process_beside(
    cartons: list[CartonType], count: int
) -> None:
    parcels = some(count, count)
    box = await boxed(cartons, parcels)
    inside = [p.id for b in box.packing.boxes for p in b.carton.placements]
    left = [one.id for one in box.packing.left]
    assert sorted(inside + left) == sorted(str(one.id) for one in parcels)
    assert box.low_g >= sum(one.weight_g or 0 for one in parcels if str(one.id) in inside)
    assert box.low_g <= box.high_g


@pytest.mark.parametrize("seed", range(12))
async def test_what_is_quoted_lies_in_the_range_and_the_range_is_of_lines_that_are_offered(
    tariff: Tariff, cartons: list[CartonType], seed: int
) -> None:
    parcels = some(2 + seed % 6, 100 + seed)
    made = price(tariff, await boxed(cartons, parcels), parcels, AUSTIN, today=DAY, tier="V1")
    assert made.request is not None
    quote = quote_all(tariff, made.request, now=NOW)
    offered = {o.service: o.price.total_minor for o in quote.offers if o.price is not None}
    assert made.ranges.keys() == offered.keys()
    for service, (low, high) in made.ranges.items():
        assert low <= offered[service] <= high
    alone = {one.parcel: one for one in made.apart}
    assert alone.keys() == {str(one.id) for one in parcels}


async def test_the_fee_for_consolidating_begins_with_the_fourth_parcel(
    tariff: Tariff, cartons: list[CartonType]
) -> None:
    async def fee(count: int) -> dict[str, int]:
        parcels = [parcel(at, (100, 100, 50), 200) for at in range(count)]
        box = await boxed(cartons, parcels)
        made = price(tariff, box, parcels, AUSTIN, today=DAY, tier=None)
        assert made.request is not None
        return dict(made.request.vas)

    assert await fee(3) == {}
    assert await fee(4) == {"consolidate": 1}
    assert await fee(7) == {"consolidate": 4}


async def test_what_is_missing_is_named(tariff: Tariff, cartons: list[CartonType]) -> None:
    async def missing(parcels: list[Candidate], by: Tariff = tariff) -> Priced:
        return price(by, await boxed(cartons, parcels), parcels, AUSTIN, today=DAY, tier=None)

    nothing = msgspec.structs.replace(tariff, services={})
    two = [parcel(at, (100, 100, 50), 200) for at in range(2)]
    assert (await missing(two)).missing is None
    assert (await missing(two, nothing)).missing == "lines"
    long = [*two, parcel(9, (1900, 100, 50), 200)]
    assert (await missing(long)).missing == "carton"
    shells = Declared("clothing", 1, 9900, "XAU", "610910")
    odd = [two[0], msgspec.structs.replace(two[1], items=(SHIRT, shells))]
    assert (await missing(odd)).missing == "declaration"


def test_a_fingerprint_is_of_what_a_price_depends_on_and_of_nothing_else() -> None:
    two = [parcel(at, (100, 90, 50), 200) for at in range(2)]
    before = fingerprint(two, AUSTIN, "SZX1")
    assert fingerprint(two[::-1], AUSTIN, "SZX1") == before
    moved = msgspec.structs.replace(two[0], status="received", put_away=None, asked=True)
    assert fingerprint([moved, two[1]], AUSTIN, "SZX1") == before
    more = Declared("clothing", 2, 9900, "CNY", "610910")
    for change in (
        {"weight_g": 201}, {"height_mm": 51}, {"tags": ("liquid",)}, {"items": (more,)},
        {"items": ()},
    ):  # fmt: skip
        changed = msgspec.structs.replace(two[0], **change)
        assert fingerprint([changed, two[1]], AUSTIN, "SZX1") != before, change
    assert fingerprint(two[:1], AUSTIN, "SZX1") != before
    assert fingerprint(two, Destination("US", postcode="78705"), "SZX1") != before
    assert fingerprint(two, AUSTIN, "YIW1") != before


@pytest.mark.parametrize(
    ("changes", "reasons"),
    [
        ({}, ()),
        ({"pieces": 2}, ("incomplete_set",)),
        ({"pieces": 2, "arrived": 2}, ()),
        ({"pieces": 2, "asked": True}, ()),
        ({"items": ()}, ("not_declared",)),
        ({"status": "consolidating"}, ("wrong_status",)),
    ],
)
def test_a_candidate_is_shown_with_its_reasons(
    changes: dict[str, object], reasons: tuple[str, ...]
) -> None:
    one = msgspec.structs.replace(parcel(1, (100, 90, 50), 200), **changes)
    assert shown(one, warehouse="SZX1", rules=Rules()).reasons == reasons
