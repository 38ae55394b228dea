"""The adviser: known answers, and against trying everything."""

import json
import random
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

from entrepot.carriers.rating.cards import Amount
from entrepot.carriers.rating.files import read_storage, read_tariff
from entrepot.carriers.rating.pricing import rate
from entrepot.carriers.rating.requests import Piece, Price, Request
from entrepot.carriers.rating.storage import storage_due
from entrepot.consolidation.advice import Advice, Parcel, Wish, advise, change_days
from entrepot.consolidation.packing.choosing import pack
from entrepot.consolidation.packing.types import CartonType, PackRequest
from entrepot.consolidation.packing.types import Piece as BoxedPiece

RAW = (Path(__file__).parents[2] / "demo" / "demo-data.json").read_bytes()
TARIFF, STORAGE = read_tariff(RAW), read_storage(RAW)
CARTONS = msgspec.convert(json.loads(RAW)["cartons"], tuple[CartonType, ...])
MID_DECEMBER = date(2026, 12, 20)


def parcel(name: str, g: int, mm: tuple[int, int, int], **more: Any) -> Parcel:
    fields = {"declared": Amount(30000, "CNY"), "put_away": date(2026, 12, 10), **more}
    return Parcel(id=name, g=g, mm=mm, **fields)


def advised(parcels: list[Parcel], country: str, **more: Any) -> Advice:
    wish = Wish(country=country, **{"today": MID_DECEMBER, **more})
    return advise(TARIFF, STORAGE, CARTONS, parcels, wish)


def test_waiting_for_the_end_of_a_surcharge() -> None:
    # US-AIR 1 kg: 105.00 + duty 90.00, and 3.00 peak surcharge until 31 December
    advice = advised([parcel("a", 1000, (250, 200, 100))], "US")
    (group,) = advice.groups
    assert (group.service, group.ship_date) == ("US-AIR", date(2027, 1, 1))
    assert (group.freight_minor, group.storage_minor, advice.total_minor) == (19500, 0, 19500)
    assert (advice.saves_minor, advice.exact, advice.stuck) == (0, True, ())


def test_storage_can_cost_more_than_waiting_saves() -> None:
    # put away 20 November: free until 19 December; to wait costs 12 days × 0.50
    old = parcel("a", 1000, (250, 200, 100), put_away=date(2026, 11, 20))
    (group,) = advised([old], "US").groups
    assert (group.ship_date, group.freight_minor, group.storage_minor) == (MID_DECEMBER, 19800, 0)
    # put away 27 November: free until 26 December, so waiting costs 5 × 0.50 and saves 3.00
    newer = parcel("a", 1000, (250, 200, 100), put_away=date(2026, 11, 27))
    (group,) = advised([newer], "US").groups
    assert (group.ship_date, group.freight_minor, group.storage_minor) == (
        date(2027, 1, 1), 19500, 250,
    )  # fmt: skip


def test_nobody_waits_longer_than_they_may() -> None:
    (group,) = advised([parcel("a", 1000, (250, 200, 100))], "US", wait_days=11).groups
    assert (group.ship_date, group.freight_minor) == (MID_DECEMBER, 19800)


def test_two_small_parcels_share_a_carton() -> None:
    # HK truck: 13.00 each alone; 1 200 g and a carton of 60 g → 1 500 g = 17.00
    pair = [parcel("a", 600, (90, 100, 50)), parcel("b", 600, (90, 100, 50))]
    advice = advised(pair, "HK")
    (group,) = advice.groups
    assert group.parcels == ("a", "b")
    assert [carton.code for carton in group.cartons] == ["K1"]
    assert (advice.total_minor, advice.apart_minor, advice.saves_minor) == (1700, 2600, 900)
    assert advice.together_minor == 1700


def test_a_value_limit_keeps_parcels_apart() -> None:
    # two parcels of 100 EUR to Germany: together above the line's 150 EUR, so one by one
    pair = [
        parcel(n, 400, (150, 100, 50), declared=Amount(10000, "EUR"), hs6=("610910",))
        for n in ("a", "b")
    ]
    wish = {"services": ("DE-DDP",)}
    advice = advised(pair, "DE", **wish)
    assert [group.parcels for group in advice.groups] == [("a",), ("b",)]
    assert advice.together_minor is None
    cheap = [msgspec.structs.replace(one, declared=Amount(7500, "EUR")) for one in pair]
    # 150 EUR exactly may go together: one registration fee and one flat duty less
    assert [group.parcels for group in advised(cheap, "DE", **wish).groups] == [("a", "b")]


def test_parcels_that_no_line_takes_are_named() -> None:
    bomb = parcel("x", 500, (100, 100, 50), tags=("prohibited",))
    advice = advised([bomb, parcel("a", 600, (100, 100, 50))], "HK")
    assert advice.stuck == ("x",)
    assert [group.parcels for group in advice.groups] == [("a",)]
    assert advised([bomb], "HK").groups == ()


def test_a_parcel_still_on_its_way_delays_only_its_own_group() -> None:
    later = parcel("b", 600, (100, 100, 50), put_away=date(2026, 12, 30))
    advice = advised([parcel("a", 600, (100, 100, 50)), later], "HK")
    (group,) = advice.groups
    assert group.ship_date == date(2026, 12, 30)
    too_late = msgspec.structs.replace(later, put_away=date(2027, 3, 1))
    assert advised([parcel("a", 600, (100, 100, 50)), too_late], "HK").stuck == ("b",)


def test_identities_that_are_missing_exclude_a_line() -> None:
    one = [parcel("a", 1000, (100, 100, 100))]
    assert advised(one, "TW").groups[0].service == "TW-SEA"
    assert advised(one, "TW", identities=()).groups[0].service == "EMS"


def test_days_on_which_a_price_may_change() -> None:
    days = change_days(TARIFF, "MX-EXP", MID_DECEMBER, date(2027, 3, 1))
    assert days == [MID_DECEMBER, date(2027, 2, 1)]
    assert change_days(TARIFF, "US-AIR", MID_DECEMBER, date(2026, 12, 31)) == [MID_DECEMBER]


def tried_everything(parcels: list[Parcel], wish: Wish) -> int:
    """The least sum over all partitions, lines and days, each day of the wait tried."""

    @cache
    def cost(members: tuple[int, ...]) -> int | None:
        return _tried_group([parcels[i] for i in members], wish)

    sums = []
    for plan in _partitions(list(range(len(parcels)))):
        costs = [cost(tuple(sorted(members))) for members in plan]
        if None not in costs:
            sums.append(sum(one for one in costs if one is not None))
    return min(sums)


def _partitions(items: list[int]) -> Iterator[list[list[int]]]:
    if not items:
        yield []
        return
    first, *rest = items
    for plan in _partitions(rest):
        yield [[first], *plan]
        for index, members in enumerate(plan):
            yield [*plan[:index], [first, *members], *plan[index + 1 :]]


def _tried_group(parcels: list[Parcel], wish: Wish) -> int | None:
    if len(parcels) == 1:
        pieces = [Piece(parcels[0].g, parcels[0].mm, parcels[0].tags)]
    else:
        boxed = tuple(BoxedPiece(p.id, p.mm, p.g) for p in parcels)
        packing = pack(PackRequest(CARTONS, boxed))
        if packing.left:
            return None
        tags = {p.id: p.tags for p in parcels}
        pieces = [
            Piece(c.gross_g, c.outer_mm, tuple({t for x in c.placements for t in tags[x.id]}))
            for c in packing.cartons
        ]
    sums = []
    for wait in range(wish.wait_days + 1):
        day = wish.today + timedelta(days=wait)
        if any(p.put_away > day for p in parcels):
            continue
        lying = sum(
            storage_due(STORAGE, g=p.g, tier="V0", put_away=p.put_away, packed=day).total_minor
            for p in parcels
        )
        for service in TARIFF.services:
            request = Request(
                service=service, country=wish.country, ship_date=day, pieces=tuple(pieces),
                declared=Amount(sum(p.declared.minor for p in parcels), "CNY"),
                hs6=tuple(code for p in parcels for code in p.hs6),
                vas={"consolidate": max(0, len(parcels) - 3)},
            )  # fmt: skip
            outcome = rate(TARIFF, request)
            if isinstance(outcome, Price):
                sums.append(outcome.total_minor + lying)
    return min(sums, default=None)


def seeded_parcels(seed: int, count: int) -> list[Parcel]:
    rng = random.Random(seed)
    return [
        parcel(
            f"p{number}",
            rng.randrange(100, 6000),
            tuple(rng.randrange(40, 300) for _ in range(3)),  # type: ignore[arg-type]
            declared=Amount(rng.randrange(1000, 60000), "CNY"),
            put_away=MID_DECEMBER - timedelta(days=rng.randrange(-5, 45)),
            tags=(rng.choice(["general", "general", "battery_inside"]),),
            hs6=(rng.choice(["610910", "640411", "851762"]),),
        )
        for number in range(count)
    ]


@pytest.mark.parametrize("seed", range(8))
def test_small_sets_against_trying_everything(seed: int) -> None:
    country = ["JP", "US", "DE", "GB", "AU", "SG", "HK", "TW"][seed]
    parcels = seeded_parcels(seed, 4)
    advice = advised(parcels, country, wait_days=16)
    assert advice.exact
    assert advice.stuck == ()
    wish = Wish(country=country, today=MID_DECEMBER, wait_days=16)
    assert advice.total_minor == tried_everything(parcels, wish)


@pytest.mark.slow
def test_eight_parcels_against_trying_everything() -> None:
    parcels = seeded_parcels(88, 8)
    advice = advised(parcels, "US", wait_days=13)
    assert advice.exact
    assert sorted(name for group in advice.groups for name in group.parcels) == [
        f"p{i}" for i in range(8)
    ]
    wish = Wish(country="US", today=MID_DECEMBER, wait_days=13)
    assert advice.total_minor == tried_everything(parcels, wish)
    assert advice.saves_minor == advice.apart_minor - advice.total_minor >= 0


def test_more_than_eight_parcels_never_cost_more_than_alone_or_in_one() -> None:
    advice = advised(seeded_parcels(99, 10), "SG", wait_days=3)
    assert not advice.exact
    assert advice.total_minor <= advice.apart_minor
    assert advice.together_minor is None or advice.total_minor <= advice.together_minor
    assert sorted(name for group in advice.groups for name in group.parcels) == sorted(
        f"p{i}" for i in range(10)
    )
