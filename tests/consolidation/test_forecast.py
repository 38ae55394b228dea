"""Forecasts worked by hand, prices that fall with weight, and what was packed later."""

from datetime import date
from pathlib import Path

import pytest

from entrepot.carriers.rating.files import read_tariff
from entrepot.carriers.rating.requests import Excluded, Piece, Request
from entrepot.consolidation.forecast import Forecast, Outcome, compare, forecast
from entrepot.consolidation.packing.types import PackedCarton, Packing, Placement
from entrepot.kernel.refusals import Invalid

RAW = (Path(__file__).parents[2] / "demo" / "demo-data.json").read_bytes()
TARIFF = read_tariff(RAW)


def packed(*cartons: tuple[int, int, tuple[int, int, int]]) -> Packing:
    return Packing(
        tuple(
            PackedCarton("K", mm, low, high, 500, 0, (Placement(f"p{i}", (0, 0, 0), (1, 1, 1)),))
            for i, (low, high, mm) in enumerate(cartons)
        ),
        (),
    )


def foretold(service: str, country: str, packing: Packing, tag: str = "general") -> object:
    request = Request(
        service=service, country=country, ship_date=date(2026, 11, 22),
        pieces=(Piece(1, (1, 1, 1)),),
    )  # fmt: skip
    tags = {f"p{i}": (tag,) for i in range(len(packing.cartons))}
    return forecast(TARIFF, request, packing, tags)


def test_weights_and_prices_of_two_cartons() -> None:
    # HK truck: 1 900 g → 2 000 g 13 + 2 × 4 = 21.00; 2 300 g → 2 500 g 25.00
    packing = packed((900, 1100, (200, 200, 100)), (1000, 1200, (300, 200, 100)))
    found = foretold("HK-TRUCK", "HK", packing)
    assert isinstance(found, Forecast)
    assert (found.low_g, found.high_g) == (1900, 2300)
    assert (found.low_minor, found.high_minor, found.hold.total_minor) == (2100, 2500, 2500)
    assert found.outer_mm == ((200, 200, 100), (300, 200, 100))


def test_a_price_that_falls_with_weight_is_in_the_range() -> None:
    # to Germany 20 500 g cost 2 648.50, 21 kg 2 137.59 (P13 and the hint beside it): the dearest
    # point of the range lies inside it, not at its end
    found = foretold("MX-EXP", "DE", packed((20400, 20600, (300, 300, 300))))
    assert isinstance(found, Forecast)
    assert (found.low_minor, found.high_minor) == (213759, 264850)
    assert found.hold.waybills[0].chargeable_g == 20500


def test_what_may_turn_out_too_heavy_is_not_offered() -> None:
    found = foretold("HK-TRUCK", "HK", packed((24900, 25001, (300, 300, 300))))
    assert found == Excluded("piece_too_heavy", 0)
    assert isinstance(foretold("HK-TRUCK", "HK", packed((24900, 25000, (300, 300, 300)))), Forecast)


def test_goods_of_the_pieces_count() -> None:
    packing = packed((900, 1000, (200, 200, 100)))
    assert foretold("EMS", "JP", packing, "battery_inside") == Excluded("goods_refused", 0)


def test_a_service_must_be_named() -> None:
    request = Request(country="HK", ship_date=date(2026, 11, 22), pieces=(Piece(1, (1, 1, 1)),))
    with pytest.raises(Invalid):
        forecast(TARIFF, request, packed((900, 1000, (1, 1, 1))), {"p0": ("general",)})


def test_what_was_packed_later() -> None:
    found = foretold("HK-TRUCK", "HK", packed((900, 1100, (200, 200, 100))))
    assert isinstance(found, Forecast)
    same = ((100, 200, 200),)
    assert compare(found, outer_mm=same, gross_g=1100, total_minor=1700) == Outcome(
        True, True, True, 0, 0
    )
    other = compare(found, outer_mm=((100, 200, 201),), gross_g=1101, total_minor=1299)
    assert other == Outcome(False, False, False, 1, -1)
