"""Pure rules of goods that come in and come back; the machine of an ASN and its copy in SQL."""

import itertools
from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.kernel.refusals import Conflict, Invalid
from entrepot.stock.arrivals import rules
from entrepot.stock.arrivals.returns_rules import StillOut, faults, known_lot
from entrepot.stock.arrivals.rules import AwaitedLine, Goods
from entrepot.stock.arrivals.types import ReceivingRule
from tests.postgres_fixture import InstalledServer

TEA, CUP = UUID(int=1), UUID(int=2)
NONE = ReceivingRule()


def goods(units: int, sku: UUID = TEA, lot: str = "", **kept: object) -> Goods:
    fields: dict[str, object] = {
        "expires_on": None, "serials": (), "lot_tracked": False, "serial_tracked": False,
        "expiry_tracked": False,
    } | kept  # fmt: skip
    return Goods(sku, "X", units, "piece", units, lot, **fields)  # type: ignore[arg-type]


def line(number: int, expected: int, received: int = 0, sku: UUID = TEA, lot: str = ""):  # type: ignore[no-untyped-def]
    return AwaitedLine(number, sku, lot, expected, received)


def parts(found: rules.Allocation) -> list[tuple[int, int]]:
    return [(c.line, c.units) for c in found.counted]


def test_the_lot_that_was_named_goes_first_then_lines_without_one() -> None:
    lines = [line(1, 5), line(2, 5, lot="A"), line(3, 5, lot="B")]
    found = rules.allocate(lines, [goods(7, lot="A")], NONE)
    assert (parts(found), found.doubts) == ([(2, 5), (1, 2)], [])
    other = rules.allocate(lines[1:], [goods(2, lot="C")], NONE)
    assert (parts(other), other.doubts) == ([(2, 2)], [("other_lot", 0)])


def test_the_larger_tolerance_holds_for_a_sku_over_all_its_lines() -> None:
    assert rules.most(100, ReceivingRule(over_permille=25, over_units=1)) == 102
    assert rules.most(10, ReceivingRule(over_permille=25, over_units=1)) == 11
    assert rules.most(0, ReceivingRule(over_permille=1000)) == 0
    lines = [line(1, 4), line(2, 4)]
    rule = ReceivingRule(over_units=1)
    assert rules.allocate(lines, [goods(9)], rule).doubts == []
    assert rules.allocate(lines, [goods(10)], rule).doubts == [("over_expected", 0)]
    twice = rules.allocate(lines, [goods(8), goods(2)], rule)
    assert twice.doubts == [("over_expected", 1)]


def test_what_nobody_announced_gets_one_line_behind_the_last() -> None:
    found = rules.allocate([line(4, 2)], [goods(1, CUP), goods(2, CUP), goods(1)], NONE)
    assert [(c.line, c.units) for c in found.unexpected] == [(5, 1), (5, 2)]
    assert found.doubts == [("not_expected", 0), ("not_expected", 1)]
    with pytest.raises(Conflict) as refused:
        rules.refuse_doubts(found.doubts, [goods(1)] * 3, may_tell=True, left=0)
    assert [e.path for e in refused.value.errors] == ["lines[0].code", "lines[1].code"]


_LOTS = st.sampled_from(["", "A", "B"])
_SKUS = st.sampled_from([TEA, CUP])


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), _SKUS, _LOTS), max_size=5),
    st.lists(st.tuples(st.integers(1, 20), _SKUS, _LOTS), min_size=1, max_size=4),
    st.integers(0, 3),
)
def test_every_unit_counts_once_and_nothing_too_many_goes_unsaid(
    lines: list[tuple[int, int, UUID, str]], came: list[tuple[int, UUID, str]], over: int
) -> None:
    awaited = [
        line(n, expected, got, sku, lot) for n, (expected, got, sku, lot) in enumerate(lines, 1)
    ]
    brought = [goods(units, sku, lot) for units, sku, lot in came]
    found = rules.allocate(awaited, brought, ReceivingRule(over_units=over))
    counted = [*found.counted, *found.unexpected]
    for place, one in enumerate(brought):
        assert sum(c.units for c in counted if c.place == place) == one.units
    by_line = {a.line: a for a in awaited}
    assert all(by_line[c.line].sku_id == brought[c.place].sku_id for c in found.counted)
    for sku in (TEA, CUP):
        mine = [a for a in awaited if a.sku_id == sku]
        new = sum(c.units for c in found.counted if brought[c.place].sku_id == sku)
        too_many = sum(a.received for a in mine) + new > sum(a.expected for a in mine) + over
        said = any(
            code == "over_expected" and brought[at].sku_id == sku for code, at in found.doubts
        )
        assert said == bool(too_many and new)


def test_what_goods_are_kept_by_is_asked_line_by_line() -> None:
    bad = goods(2, lot_tracked=True, serial_tracked=True, expires_on=date(2026, 1, 1))
    with pytest.raises(Invalid) as refused:
        rules.check_kept([goods(1), bad], today=date(2026, 1, 2), good=[True, True])
    assert {(e.path, e.code) for e in refused.value.errors} == {
        ("lines[1].lot", "lot_missing"), ("lines[1].serials", "serials_differ"),
        ("lines[1].expires_on", "past_its_date"),
    }  # fmt: skip
    late = goods(1, expires_on=date(2026, 1, 1))
    rules.check_kept([late], today=date(2026, 1, 2), good=[False])
    rules.check_kept([late], today=date(2026, 1, 1), good=[True])


def test_lines_of_a_return_are_summed_and_lots_are_known_again() -> None:
    out = [StillOut(TEA, "A", None, 3, 2), StillOut(TEA, "B", None, 1, 0)]
    assert known_lot(goods(1), out).lot == "A"
    again = [goods(1, lot="A"), goods(1, lot="A"), goods(1, lot="A")]
    assert [(e.path, e.code) for e in faults(again, out)] == [
        ("lines[2].qty", "more_than_shipped")
    ]  # fmt: skip
    assert [e.code for e in faults([goods(1, lot="C"), goods(1, CUP)], out)] == [
        "lot_not_shipped", "not_shipped"
    ]  # fmt: skip


async def test_the_machine_is_the_table(server: InstalledServer) -> None:
    machine = rules.asns()
    edges = {(edge.source, edge.target) for edge in machine.edges}
    owner = await server.owner(await server.tenant())
    try:
        for source, target in itertools.product(machine.states, repeat=2):
            may = await owner.fetchval("select stock.asn_may_change_v1($1, $2)", source, target)
            assert may == (source == target or (source, target) in edges)
    finally:
        await owner.close()


@pytest.mark.parametrize(
    ("state", "verb"),
    [(s, v) for s in sorted(rules.asns().states) for v in rules.asns().verbs],
)
def test_every_edge_that_is_not_there_is_refused(state: str, verb: str) -> None:
    machine = rules.asns()
    if state in machine.sources(verb):
        machine.follow(state, verb)
    else:
        with pytest.raises(Conflict) as refused:
            machine.follow(state, verb)
        assert refused.value.code == "wrong_state"
