"""What if: each answer is what the engine decides when the thing is really so."""

from pathlib import Path

import msgspec
import pytest

from entrepot.kernel.refusals import Invalid
from entrepot.routing.engine.format import Problem, Rate
from entrepot.routing.engine.routing import route
from entrepot.routing.records import counterfactuals as what_if
from entrepot.routing.records.flipping import Flips, flips_of, kept_flips
from entrepot.routing.records.format import Record
from tests.routing.records.made import close, kept, policy, problem, read, records
from tests.routing.test_explaining import forced_cost, late, simple_problem

SEEDS = (860, 861, 862, 864, 867, 868, 870, 871)
"""Orders that have a plan."""


def costs(rows: Problem) -> tuple[str, int]:
    plan = route(rows)
    return plan.status, plan.cost


def best(seed: int) -> Record:
    record = records(problem(seed, nodes=6, lines=3))[0]
    assert record.plan.status == "optimal"
    return record


@pytest.mark.parametrize("seed", SEEDS)
def test_each_change_costs_what_the_engine_says(seed: int) -> None:
    record = best(seed)
    rows, order = record.rows, record.rows.orders[0]
    node = record.plan.shipments[0].node if record.plan.shipments else "N00"
    without = msgspec.structs.replace(rows, services=[s for s in rows.services if s.node != node])
    found = what_if.closed(record, None, node=node)
    assert (found.status, found.cost) == costs(without)
    assert not found.same_choice or not record.plan.shipments
    sku = order.lines[0].sku
    more = what_if.one_more(record, None, node=node, sku=sku)
    assert more.cost <= record.plan.cost
    assert (more.status, more.cost) == costs(what_if.with_more(rows, node, sku, 1))
    usable = {place.id: place for place in what_if.with_more(rows, node, sku, 1).nodes}
    before = {place.id: place for place in rows.nodes}[node].stock.get(sku)
    assert usable[node].stock[sku].usable == (before.usable if before else 0) + 1


@pytest.mark.parametrize("seed", SEEDS)
def test_forced_costs_are_those_of_the_independent_model(seed: int) -> None:
    record = best(seed)
    document = msgspec.json.decode(msgspec.json.encode(record.rows))
    for candidate in what_if.forced(record, None):
        truth = forced_cost(document, candidate.node, candidate.service)
        expected = None if candidate.delta is None else record.plan.cost + candidate.delta
        assert truth == expected


def test_deadline_level_and_policy() -> None:
    document = simple_problem()
    document["services"].append(
        {**document["services"][0], "id": "F", "level": "fast",
         "rates": [[1000, 900, 1000, 100, 10]] * 6}
    )  # fmt: skip
    document["orders"][0] |= {"deliver_by": 760, "late": "hard"}
    record = records(read(document))[0]
    assert [shipment.service for shipment in record.plan.shipments] == ["S"]
    sooner = what_if.deadline(record, None, minutes=-1)
    assert (sooner.delta, sooner.same_choice, sooner.shipments[0].service) == (400, False, "F")
    assert what_if.deadline(record, None, minutes=0).same_choice
    assert what_if.level(record, None, level="fast").delta == 400
    other = policy({"kind": "exclude", "id": "no-slow", "code": "slow",
                    "options": {"is": "eq", "field": "service.id", "value": "S"}})  # fmt: skip
    under = what_if.under(record, None, other=other)
    assert (under.delta, under.subject) == (400, ("test", 1))


def test_questions_that_do_not_fit_are_refused_with_a_path() -> None:
    record = records(read(simple_problem()))[0]
    for ask, path in (
        (lambda: what_if.deadline(record, None, minutes=1), "deliver_by"),
        (lambda: what_if.level(record, None, level="x"), "level"),
        (lambda: what_if.closed(record, None, node="x"), "node"),
        (lambda: what_if.one_more(record, None, node="x", sku="X"), "node"),
        (lambda: what_if.one_more(record, None, node="A", sku="x"), "sku"),
    ):
        with pytest.raises(Invalid) as caught:
            ask()
        assert [error.path for error in caught.value.errors] == [path]


def cheaper(rows: Problem, node: str, service: str, money: int) -> Problem | None:
    """The rows with one option cheaper; None if it does not cost that much."""
    services = []
    for one in rows.services:
        if (one.node, one.id) == (node, service):
            rates: list[Rate | None] = []
            for rate in one.rates:
                if rate is not None and rate.first_price < money:
                    return None
                rates.append(
                    rate and msgspec.structs.replace(rate, first_price=rate.first_price - money)
                )
            one = msgspec.structs.replace(one, rates=rates)
        services.append(one)
    return msgspec.structs.replace(rows, services=services)


def uses(rows: Problem, node: str, service: str) -> bool:
    shipments = route(rows).orders[0].shipments
    return (node, service) in {(shipment.node, shipment.service) for shipment in shipments}


def test_the_money_that_flips_is_the_least() -> None:
    tried = 0
    for seed in SEEDS:
        record = best(seed)
        for option in flips_of(record, None).options:
            if option.money is None or option.chosen:
                continue
            flipped = cheaper(record.rows, option.node, option.service, option.money)
            almost = cheaper(record.rows, option.node, option.service, option.money - 1)
            if flipped is None or almost is None:
                continue
            tried += 1
            assert uses(flipped, option.node, option.service)
            assert route(flipped).cost == record.plan.cost - 1
            assert route(almost).cost == record.plan.cost
    assert tried >= 10


def test_the_units_that_flip_are_the_least() -> None:
    tried = 0
    for seed in SEEDS:
        record = best(seed)
        more = flips_of(record, None).units
        if more is None:
            continue
        tried += 1
        enough = route(what_if.with_more(record.rows, more.node, more.sku, more.units))
        assert enough.cost == record.plan.cost - more.saving < record.plan.cost
        few = route(what_if.with_more(record.rows, more.node, more.sku, more.units - 1))
        assert few.cost == record.plan.cost
        for node in record.rows.nodes:
            for line in record.rows.orders[0].lines:
                less = what_if.with_more(record.rows, node.id, line.sku, more.units - 1)
                assert route(less).cost == record.plan.cost
    assert tried >= 3


def test_the_units_that_bring_an_option_in_are_told_with_it() -> None:
    tried = 0
    for seed in SEEDS:
        record = best(seed)
        for option in flips_of(record, None).options:
            if option.units is None or option.sku is None:
                continue
            tried += 1
            more = what_if.with_more(record.rows, option.node, option.sku, option.units)
            assert uses(more, option.node, option.service)
            assert route(more).cost < record.plan.cost
    assert tried >= 3


def due_soon() -> Record:
    document = simple_problem()
    cheap = [[1000, 100, 1000, 100, 1000]] * 6
    document["services"].append({**document["services"][0], "id": "T", "rates": cheap})
    document["orders"][0] |= {"deliver_by": 800, "late": "hard"}
    return records(read(document))[0]


def test_the_minutes_that_flip_are_the_least() -> None:
    record = due_soon()
    flips = flips_of(record, None)
    assert flips.minutes is not None
    assert (flips.minutes.minutes, flips.minutes.saving) == (360, 400)
    assert what_if.deadline(record, None, minutes=360).shipments[0].service == "T"
    assert what_if.deadline(record, None, minutes=359).same_choice
    assert flips.slack_min == 40
    assert what_if.deadline(record, None, minutes=-40).same_choice
    assert not what_if.deadline(record, None, minutes=-41).same_choice
    assert {(o.service, o.chosen, o.minutes, o.closed_by) for o in flips.options} == {
        ("S", True, None, None), ("T", False, 360, "too_late"),
    }  # fmt: skip


def test_soft_deadlines_flip_too() -> None:
    document = simple_problem()
    cheap = [[1000, 100, 1000, 100, 3000]] * 6
    document["services"].append({**document["services"][0], "id": "T", "rates": cheap})
    document["orders"][0] |= {"deliver_by": 800, "late": "soft", "late_day": 300}
    record = records(read(document))[0]
    flips = flips_of(record, None)
    assert record.plan.shipments[0].service == "S"
    assert flips.minutes is not None
    assert what_if.deadline(record, None, minutes=flips.minutes.minutes).delta == -100
    assert what_if.deadline(record, None, minutes=flips.minutes.minutes - 1).same_choice


def test_what_nothing_flips_says_so() -> None:
    flips = flips_of(records(read(simple_problem()))[0], None)
    assert (flips.money, flips.units, flips.minutes, flips.slack_min) == (None,) * 4


def test_an_order_without_a_plan_is_flipped_by_what_makes_one_possible() -> None:
    document = simple_problem()
    late(document)
    document["orders"][0]["lines"][0]["short"] = None
    record = records(read(document))[0]
    assert record.plan.status == "infeasible"
    flips = flips_of(record, None)
    assert flips.minutes is not None
    assert flips.minutes.minutes == 1


def test_under_a_policy_closed_options_name_the_rule() -> None:
    given = problem(870)
    ruled = policy(close("N01"))
    record = records(given, policy=ruled)[0]
    closed = {o.closed_by for o in flips_of(record, ruled).options if o.node == "N01"}
    assert closed == {"node_closed"}


def test_flips_are_kept_beside_the_record_until_it_changes(tmp_path: Path) -> None:
    folder = kept(tmp_path / "r", problem(871))
    record = records(problem(871))[0]
    name = "000001.json.gz"
    made = kept_flips(folder, name, record, None)
    path = folder / "000001.flips.json"
    told = msgspec.json.decode(path.read_bytes(), type=Flips)
    assert told == made == flips_of(record, None)
    marked = msgspec.structs.replace(told, slack_min=12345)
    path.write_bytes(msgspec.json.encode(marked))
    assert kept_flips(folder, name, record, None) == marked
    other = msgspec.structs.replace(record, work=record.work + 1)
    assert kept_flips(folder, name, other, None).slack_min != 12345
    path.write_bytes(b"{broken")
    assert kept_flips(folder, name, record, None) == made
