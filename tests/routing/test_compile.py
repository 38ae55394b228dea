"""Compiling: cut-offs on long and short days, around midnight, holidays and closings."""

from datetime import UTC, date, datetime, time

import msgspec
import pytest

from entrepot.kernel.calendars import Calendar
from entrepot.routing.compile import Compiled, compile_network, departures, problem_of
from entrepot.routing.engine.format import Destination, Line, Order, Rate, Stock
from entrepot.routing.engine.routing import route
from entrepot.routing.types import (
    Closure,
    Counted,
    DailyLimit,
    Labour,
    Network,
    NetworkNode,
    NetworkService,
    PickUp,
    Shift,
)

ALL_WEEK = frozenset(range(1, 8))
RATES = (Rate(1000, 500, 1000, 100, 600),) * 6


def node(zone: str = "Europe/Berlin", **changes: object) -> NetworkNode:
    calendar = Calendar(zone, ALL_WEEK, frozenset(), time(6, 0), time(22, 0))
    plain = NetworkNode("A", 52.5, 13.4, "r", calendar, stock={"X": Stock(5, 0, 0)})
    return msgspec.structs.replace(plain, **changes)


def service(*pick_ups: PickUp, holidays: frozenset[date] = frozenset()) -> NetworkService:
    return NetworkService("S", "A", "DHL", "std", 30000, 5000, RATES, pick_ups, holidays=holidays)


def daily(cut_off: time, leaves: time, days_later: int = 0) -> tuple[PickUp, ...]:
    return tuple(PickUp(day, cut_off, leaves, days_later) for day in ALL_WEEK)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def caught(place: NetworkNode, what: NetworkService, now: str, days: int = 3) -> list[str]:
    return [
        catch.isoformat()[:16]
        for catch, _, _ in departures(what, place, now=at(now), horizon_days=days)
    ]


def test_a_cut_off_keeps_its_local_hour_when_the_clocks_change() -> None:
    # Berlin: UTC+1 until 2026-03-29 01:00 UTC, then UTC+2; back on 2026-10-25 at 01:00 UTC.
    what = service(*daily(time(16, 0), time(18, 0)))
    spring = caught(node(), what, "2026-03-28T00:00")
    assert spring == ["2026-03-28T15:00", "2026-03-29T14:00", "2026-03-30T14:00"]
    autumn = caught(node(), what, "2026-10-24T00:00")
    assert autumn == ["2026-10-24T14:00", "2026-10-25T15:00", "2026-10-26T15:00"]


def test_skipped_and_doubled_cut_offs_exist_once() -> None:
    place = node(calendar=Calendar("Europe/Berlin", ALL_WEEK, frozenset(), time(0, 0), time(23, 0)))
    what = service(*daily(time(2, 30), time(4, 0)))
    # 02:30 does not exist on 29 March: it means 03:30 summer time, 01:30 UTC.
    assert caught(place, what, "2026-03-28T23:30", 1) == ["2026-03-29T01:30"]
    # 02:30 happens twice on 25 October: the first one counts, 00:30 UTC.
    assert caught(place, what, "2026-10-24T22:30", 1) == ["2026-10-25T00:30"]


def test_today_is_the_local_day_of_the_node() -> None:
    what = service(*daily(time(9, 0), time(10, 0)))
    place = node("Asia/Shanghai")
    # 2026-11-21 17:00 UTC is already the 22nd in Shanghai.
    assert caught(place, what, "2026-11-21T17:00", 1) == ["2026-11-22T01:00"]


def test_the_boundary_minute() -> None:
    what = service(*daily(time(16, 0), time(18, 0)))
    assert caught(node("UTC"), what, "2026-11-22T16:00", 1) == ["2026-11-22T16:00"]
    assert caught(node("UTC"), what, "2026-11-22T16:00:01", 1) == []


def test_a_truck_after_midnight_leaves_the_next_local_day() -> None:
    what = service(*daily(time(21, 0), time(0, 30), 1))
    [(catch, leaves, _), *_] = departures(what, node(), now=at("2026-10-24T08:00"))
    assert catch == at("2026-10-24T19:00")
    assert leaves == at("2026-10-24T22:30")
    # The night of the change: 00:30 on the 25th is still summer time, on the 26th it is not.
    second = departures(what, node(), now=at("2026-10-25T08:00"))[0]
    assert (second[0], second[1]) == (at("2026-10-25T20:00"), at("2026-10-25T23:30"))


def test_weekdays_holidays_and_carrier_holidays_are_skipped() -> None:
    weekdays = frozenset(range(1, 6))
    holiday = frozenset({date(2026, 11, 24)})
    place = node(calendar=Calendar("UTC", weekdays, holiday, time(6, 0), time(22, 0)))
    what = service(*daily(time(16, 0), time(18, 0)), holidays=frozenset({date(2026, 11, 25)}))
    # 21st and 22nd are a weekend, the 24th the node's holiday, the 25th the carrier's.
    assert caught(place, what, "2026-11-21T00:00", 6) == ["2026-11-23T16:00", "2026-11-26T16:00"]


def test_a_cut_off_after_closing_means_closing() -> None:
    place = node(calendar=Calendar("UTC", ALL_WEEK, frozenset(), time(10, 0), time(15, 0)))
    what = service(*daily(time(16, 0), time(18, 0)))
    assert caught(place, what, "2026-11-22T00:00", 1) == ["2026-11-22T15:00"]
    early = service(*daily(time(9, 0), time(12, 0)))
    assert caught(place, early, "2026-11-22T00:00", 1) == []


def test_a_typhoon_closes_the_store() -> None:
    storm = Closure(at("2026-11-22T12:00"), at("2026-11-23T20:00"))
    what = service(*daily(time(16, 0), time(18, 0)))
    assert caught(node("UTC", closures=(storm,)), what, "2026-11-22T00:00") == ["2026-11-24T16:00"]


def test_of_two_trucks_with_one_cut_off_the_earlier_arrival_counts() -> None:
    slow = PickUp(7, time(16, 0), time(17, 0), 0, 300)
    fast = PickUp(7, time(16, 0), time(18, 0), 0, 0)
    [(_, leaves, extra)] = departures(
        service(slow, fast), node("UTC"), now=at("2026-11-22T00:00"), horizon_days=1
    )
    assert (leaves, extra) == (at("2026-11-22T18:00"), 0)


def compiled(now: str, *, limits: tuple[DailyLimit, ...] = (), **changes: object) -> Compiled:
    what = service(*daily(time(16, 0), time(18, 0)))
    network = Network((node("UTC", **changes),), (what,), limits)
    return compile_network(network, now=at(now), instant0=at("2026-11-22T00:00"))


@pytest.mark.parametrize(
    ("now", "left"),
    [("2026-11-22T07:00", 960), ("2026-11-22T13:00", 480), ("2026-11-22T20:00", 960),
     ("2026-11-23T07:00", 960)],
)  # fmt: skip
def test_staffed_hours_become_labour_minutes(now: str, left: int) -> None:
    labour = Labour((Shift(7, time(9, 0), time(17, 0), 2),), 10, 3)
    result = compiled(now, labour=labour)
    assert [capacity.left for capacity in result.capacities] == [left]
    [use] = result.nodes[0].uses
    assert (use.capacity, use.per_shipment, use.per_unit) == (result.capacities[0].id, 10, 3)


def test_work_that_is_taken_is_todays_and_a_node_without_shifts_packs_nothing() -> None:
    sunday = Labour((Shift(7, time(9, 0), time(17, 0), 2),), 10, 3, taken_min=900)
    assert [c.left for c in compiled("2026-11-22T07:00", labour=sunday).capacities] == [60]
    assert [c.left for c in compiled("2026-11-22T20:00", labour=sunday).capacities] == [960]
    full = Labour(sunday.shifts, 10, 3, taken_min=2000)
    assert [c.left for c in compiled("2026-11-22T07:00", labour=full).capacities] == [0]
    nobody = Labour((), 10, 3)
    assert [c.left for c in compiled("2026-11-22T07:00", labour=nobody).capacities] == [0]


def order(units: int) -> Order:
    return Order("O", 0, Destination(52.5, 13.4, "r"), [Line("X", units, 100, 100, short=9999)])


def test_a_carrier_allotment_is_what_its_services_may_still_take() -> None:
    allotment = DailyLimit("DHL today", "A", Counted.SHIPMENTS, 20, 19, carrier="DHL")
    result = compiled("2026-11-22T07:00", limits=(allotment,))
    problem = problem_of(result, [order(1)], currency="EUR", zone_km=[50, 300, 800, 1500, 2500])
    assert route(problem).orders[0].short == {}
    spent = DailyLimit("DHL today", "A", Counted.SHIPMENTS, 20, 20, carrier="DHL")
    result = compiled("2026-11-22T07:00", limits=(spent,))
    problem = problem_of(result, [order(1)], currency="EUR", zone_km=[50, 300, 800, 1500, 2500])
    assert route(problem).orders[0].short == {"X": 1}


def test_after_the_cut_off_the_next_day_is_planned() -> None:
    zone_km = [50.0, 300.0, 800.0, 1500.0, 2500.0]
    before = problem_of(compiled("2026-11-22T16:00"), [order(1)], currency="EUR", zone_km=zone_km)
    after = problem_of(compiled("2026-11-22T16:00:30"), [order(1)], currency="EUR", zone_km=zone_km)
    [first], [second] = route(before).orders, route(after).orders
    assert first.shipments[0].eta == 18 * 60 + 600
    assert second.shipments[0].eta == first.shipments[0].eta + 1440
